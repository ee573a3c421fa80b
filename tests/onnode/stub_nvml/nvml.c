/* A libnvidia-ml.so.1 that answers from a text file, so that NVIDIA's own bindings can be tried where there is no GPU.
 *
 * $STUB_NVML names the file. A line is: function, GPU, arguments, return code, values..., separated by tabs; the GPU and
 * the arguments are "-" where there are none. What has no line is refused with 999. Structures are laid out as in nvml.h.
 * -DOLD_DRIVER leaves out the functions that a driver of R535 does not have.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int nvmlReturn_t;
typedef char *nvmlDevice_t;
typedef unsigned int uint;
typedef unsigned long long ull;

enum { SUCCESS = 0, INSUFFICIENT_SIZE = 7, VERSION_MISMATCH = 25, UNKNOWN = 999 };
enum { MOST_LINES = 20000, MOST_VALUES = 16 };

typedef struct {
    const char *function, *gpu, *arguments;
    int code, count;
    char *values[MOST_VALUES];
} line_t;

static line_t lines[MOST_LINES];
static int lines_count;
static char gpus[64];

static char *cut(char **rest) {
    char *part = *rest ? *rest : "";
    char *tab = strchr(part, '\t');
    if (tab) *tab = 0;
    *rest = tab ? tab + 1 : NULL;
    return part;
}

static void load(void) {
    const char *path = getenv("STUB_NVML");
    FILE *file = path ? fopen(path, "r") : NULL;
    char buffer[4096];
    if (!file) abort();
    for (lines_count = 0; lines_count < MOST_LINES && fgets(buffer, sizeof buffer, file); lines_count++) {
        line_t *line = &lines[lines_count];
        char *rest = strdup(buffer);
        rest[strcspn(rest, "\n")] = 0;
        line->function = cut(&rest);
        line->gpu = cut(&rest);
        line->arguments = cut(&rest);
        line->code = atoi(cut(&rest));
        for (line->count = 0; rest && line->count < MOST_VALUES; line->count++) line->values[line->count] = cut(&rest);
    }
    fclose(file);
}

static line_t *find(const char *function, const char *gpu, const char *arguments) {
    static line_t nothing = {"", "", "", UNKNOWN, 0, {0}};
    for (int at = 0; at < lines_count; at++)
        if (!strcmp(lines[at].function, function) && !strcmp(lines[at].gpu, gpu) && !strcmp(lines[at].arguments, arguments))
            return &lines[at];
    return &nothing;
}

static line_t *of(const char *function, nvmlDevice_t device, const char *arguments) {
    char gpu[16];
    snprintf(gpu, sizeof gpu, "%d", (int)(device - gpus));
    return find(function, gpu, arguments);
}

static line_t *of_number(const char *function, nvmlDevice_t device, uint argument) {
    char text[16];
    snprintf(text, sizeof text, "%u", argument);
    return of(function, device, text);
}

static long long number(const line_t *line, int at) { return at < line->count ? strtoll(line->values[at], NULL, 10) : 0; }
static ull unsigned_number(const line_t *line, int at) { return at < line->count ? strtoull(line->values[at], NULL, 10) : 0; }
static const char *text(const line_t *line, int at) { return at < line->count ? line->values[at] : ""; }

static nvmlReturn_t give_text(const line_t *line, char *target, uint length) {
    if (line->code == SUCCESS) snprintf(target, length, "%s", text(line, 0));
    return line->code;
}

static nvmlReturn_t give(const line_t *line, uint *target) {
    if (line->code == SUCCESS) *target = (uint)number(line, 0);
    return line->code;
}

static nvmlReturn_t give_two(const line_t *line, uint *first, uint *second) {
    if (line->code == SUCCESS) *first = (uint)number(line, 0), *second = (uint)number(line, 1);
    return line->code;
}

static nvmlReturn_t give_large(const line_t *line, ull *target) {
    if (line->code == SUCCESS) *target = unsigned_number(line, 0);
    return line->code;
}

#define TEXT(name) nvmlReturn_t name(nvmlDevice_t device, char *target, uint length) { return give_text(of(#name, device, "-"), target, length); }
#define NUMBER(name) nvmlReturn_t name(nvmlDevice_t device, uint *target) { return give(of(#name, device, "-"), target); }
#define TWO(name) nvmlReturn_t name(nvmlDevice_t device, uint *first, uint *second) { return give_two(of(#name, device, "-"), first, second); }
#define LARGE(name) nvmlReturn_t name(nvmlDevice_t device, ull *target) { return give_large(of(#name, device, "-"), target); }
#define OF_KIND(name) nvmlReturn_t name(nvmlDevice_t device, uint kind, uint *target) { return give(of_number(#name, device, kind), target); }

/* ── the node ── */

nvmlReturn_t nvmlInitWithFlags(uint flags) { (void)flags; load(); return find("nvmlInitWithFlags", "-", "-")->code; }
nvmlReturn_t nvmlSystemGetDriverVersion(char *target, uint length) { return give_text(find("nvmlSystemGetDriverVersion", "-", "-"), target, length); }
nvmlReturn_t nvmlSystemGetCudaDriverVersion(uint *target) { return give(find("nvmlSystemGetCudaDriverVersion", "-", "-"), target); }
nvmlReturn_t nvmlDeviceGetCount_v2(uint *target) { return give(find("nvmlDeviceGetCount_v2", "-", "-"), target); }
nvmlReturn_t nvmlGetExcludedDeviceCount(uint *target) { return give(find("nvmlGetExcludedDeviceCount", "-", "-"), target); }

static nvmlReturn_t give_device(const line_t *line, nvmlDevice_t *device) {
    if (line->code == SUCCESS) *device = gpus + number(line, 0);
    return line->code;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(uint index, nvmlDevice_t *device) {
    char argument[16];
    snprintf(argument, sizeof argument, "%u", index);
    return give_device(find("nvmlDeviceGetHandleByIndex_v2", "-", argument), device);
}
nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *address, nvmlDevice_t *device) {
    return give_device(find("nvmlDeviceGetHandleByPciBusId_v2", "-", address), device);
}

typedef struct { char legacy[16]; uint domain, bus, device, device_id, subsystem_id; char bus_id[32]; } pci_t;
typedef struct { pci_t pci; char uuid[80]; } excluded_t;

static nvmlReturn_t give_pci(const line_t *line, pci_t *pci) {
    if (line->code == SUCCESS) {
        memset(pci, 0, sizeof *pci);
        snprintf(pci->bus_id, sizeof pci->bus_id, "%s", text(line, 0));
        pci->device_id = (uint)unsigned_number(line, 1);
    }
    return line->code;
}

nvmlReturn_t nvmlGetExcludedDeviceInfoByIndex(uint index, excluded_t *info) {
    char argument[16];
    snprintf(argument, sizeof argument, "%u", index);
    return give_pci(find("nvmlGetExcludedDeviceInfoByIndex", "-", argument), &info->pci);
}

/* ── one GPU: who it is, how it is set up ── */

nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, pci_t *pci) { return give_pci(of("nvmlDeviceGetPciInfo_v3", device, "-"), pci); }
TEXT(nvmlDeviceGetUUID)
TEXT(nvmlDeviceGetSerial)
TEXT(nvmlDeviceGetName)
TEXT(nvmlDeviceGetBoardPartNumber)
TEXT(nvmlDeviceGetVbiosVersion)
TEXT(nvmlDeviceGetInforomImageVersion)
nvmlReturn_t nvmlDeviceGetGspFirmwareVersion(nvmlDevice_t device, char *target) { return give_text(of("nvmlDeviceGetGspFirmwareVersion", device, "-"), target, 64); }
NUMBER(nvmlDeviceGetModuleId)
NUMBER(nvmlDeviceGetPersistenceMode)
NUMBER(nvmlDeviceGetComputeMode)
TWO(nvmlDeviceGetEccMode)
TWO(nvmlDeviceGetMigMode)
nvmlReturn_t nvmlDeviceValidateInforom(nvmlDevice_t device) { return of("nvmlDeviceValidateInforom", device, "-")->code; }

/* ── memory ── */

nvmlReturn_t nvmlDeviceGetMemoryErrorCounter(nvmlDevice_t device, uint kind, uint span, uint location, ull *target) {
    char arguments[48];
    snprintf(arguments, sizeof arguments, "%u,%u,%u", kind, span, location);
    return give_large(of("nvmlDeviceGetMemoryErrorCounter", device, arguments), target);
}
nvmlReturn_t nvmlDeviceGetRemappedRows(nvmlDevice_t device, uint *corrected, uint *uncorrected, uint *pending, uint *failure) {
    line_t *line = of("nvmlDeviceGetRemappedRows", device, "-");
    if (line->code == SUCCESS)
        *corrected = number(line, 0), *uncorrected = number(line, 1), *pending = number(line, 2), *failure = number(line, 3);
    return line->code;
}
nvmlReturn_t nvmlDeviceGetRowRemapperHistogram(nvmlDevice_t device, uint banks[5]) {
    line_t *line = of("nvmlDeviceGetRowRemapperHistogram", device, "-");
    for (int at = 0; line->code == SUCCESS && at < 5; at++) banks[at] = (uint)number(line, at);
    return line->code;
}

typedef struct { uint version; ull total, reserved, free, used; } memory_v2_t;
typedef struct { ull total, free, used; } memory_t;

nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, memory_v2_t *memory) {
    line_t *line = of("nvmlDeviceGetMemoryInfo_v2", device, "-");
    if (memory->version != 0x02000028) return VERSION_MISMATCH;
    if (line->code == SUCCESS) memory->total = unsigned_number(line, 0), memory->used = unsigned_number(line, 1);
    return line->code;
}
nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, memory_t *memory) {
    line_t *line = of("nvmlDeviceGetMemoryInfo", device, "-");
    if (line->code == SUCCESS) memory->total = unsigned_number(line, 0), memory->used = unsigned_number(line, 1);
    return line->code;
}

#ifndef OLD_DRIVER
typedef struct { uint version; ull counts[11]; uint exceeded; } sram_t;

nvmlReturn_t nvmlDeviceGetSramEccErrorStatus(nvmlDevice_t device, sram_t *status) {
    static const int places[] = {5, 3, 4, 2, 0, 1}; /* volatile corrected, parity, SEC-DED; the same aggregate */
    line_t *line = of("nvmlDeviceGetSramEccErrorStatus", device, "-");
    if (status->version != 0x1000068) return VERSION_MISMATCH;
    for (int at = 0; line->code == SUCCESS && at < 6; at++) status->counts[places[at]] = unsigned_number(line, at);
    if (line->code == SUCCESS) status->exceeded = (uint)number(line, 6);
    return line->code;
}

typedef struct { uint version, channel, tpc; } repair_t;

nvmlReturn_t nvmlDeviceGetRepairStatus(nvmlDevice_t device, repair_t *status) {
    if (status->version != 0x100000C) return VERSION_MISMATCH;
    return give_two(of("nvmlDeviceGetRepairStatus", device, "-"), &status->channel, &status->tpc);
}
#ifdef VERSIONED_FLAG /* as the bindings lay it out */
typedef struct { uint version, flag; } unrepairable_t;
#else /* as nvml.h does */
typedef struct { uint flag; } unrepairable_t;
#endif
nvmlReturn_t nvmlDeviceGetUnrepairableMemoryFlag_v1(nvmlDevice_t device, unrepairable_t *status) {
    return give(of("nvmlDeviceGetUnrepairableMemoryFlag_v1", device, "-"), &status->flag);
}
#endif

/* ── clocks, heat, power ── */

LARGE(nvmlDeviceGetCurrentClocksEventReasons)
LARGE(nvmlDeviceGetCurrentClocksThrottleReasons)
#ifndef OLD_DRIVER
typedef struct { uint version, sensor; int temperature; } temperature_t;
typedef struct { uint version; int margin; } margin_t;

nvmlReturn_t nvmlDeviceGetTemperatureV(nvmlDevice_t device, temperature_t *asked) {
    if (asked->version != 0x100000C) return VERSION_MISMATCH;
    return give(of_number("nvmlDeviceGetTemperatureV", device, asked->sensor), (uint *)&asked->temperature);
}
nvmlReturn_t nvmlDeviceGetMarginTemperature(nvmlDevice_t device, margin_t *asked) {
    if (asked->version != 0x1000008) return VERSION_MISMATCH;
    return give(of("nvmlDeviceGetMarginTemperature", device, "-"), (uint *)&asked->margin);
}
#endif
OF_KIND(nvmlDeviceGetTemperature)
OF_KIND(nvmlDeviceGetTemperatureThreshold)
NUMBER(nvmlDeviceGetPowerUsage)
NUMBER(nvmlDeviceGetEnforcedPowerLimit)
NUMBER(nvmlDeviceGetPowerManagementDefaultLimit)
NUMBER(nvmlDeviceGetPerformanceState)
OF_KIND(nvmlDeviceGetClockInfo)
OF_KIND(nvmlDeviceGetMaxClockInfo)
OF_KIND(nvmlDeviceGetApplicationsClock)
nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, uint use[2]) {
    return give_two(of("nvmlDeviceGetUtilizationRates", device, "-"), &use[0], &use[1]);
}

/* ── links ── */

NUMBER(nvmlDeviceGetCurrPcieLinkGeneration)
NUMBER(nvmlDeviceGetMaxPcieLinkGeneration)
NUMBER(nvmlDeviceGetCurrPcieLinkWidth)
NUMBER(nvmlDeviceGetMaxPcieLinkWidth)
NUMBER(nvmlDeviceGetPcieReplayCounter)
OF_KIND(nvmlDeviceGetNvLinkState)
nvmlReturn_t nvmlDeviceGetNvLinkRemotePciInfo_v2(nvmlDevice_t device, uint link, pci_t *pci) {
    return give_pci(of_number("nvmlDeviceGetNvLinkRemotePciInfo_v2", device, link), pci);
}

typedef struct { uint version; unsigned char cluster[16]; int status; uint clique; unsigned char state; uint health; unsigned char summary; } fabric_t;
typedef struct { unsigned char cluster[16]; int status; uint clique; unsigned char state; } fabric_v1_t;

nvmlReturn_t nvmlDeviceGetGpuFabricInfo(nvmlDevice_t device, fabric_v1_t *info) {
    line_t *line = of("nvmlDeviceGetGpuFabricInfo", device, "-");
    if (line->code == SUCCESS) {
        memset(&info->state, 0xA5, sizeof *info - offsetof(fabric_v1_t, state)); /* the padding is nobody's */
        info->state = number(line, 0), info->status = number(line, 1), info->clique = number(line, 2);
    }
    return line->code;
}
#ifndef OLD_DRIVER
nvmlReturn_t nvmlDeviceGetGpuFabricInfoV(nvmlDevice_t device, fabric_t *info) {
    line_t *line = of_number("nvmlDeviceGetGpuFabricInfoV", device, info->version >> 24);
    if (info->version != 0x3000028 && info->version != 0x02000024) return VERSION_MISMATCH;
    if (line->code == SUCCESS) {
        memset(&info->state, 0xA5, 4); /* the padding is nobody's */
        info->state = number(line, 0), info->status = number(line, 1), info->clique = number(line, 2);
        info->health = number(line, 3);
        if (info->version == 0x3000028) info->summary = number(line, 4);
    }
    return line->code;
}
#endif

/* ── field values ── */

typedef union { double d; int si; uint ui; ull ull_; long long sll; } value_t;
typedef struct { uint field, scope; long long timestamp, latency; int type, code; value_t value; } field_t;

nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int count, field_t *fields) {
    line_t *whole = of("nvmlDeviceGetFieldValues", device, "*");
    if (whole->code != SUCCESS) return whole->code;
    for (int at = 0; at < count; at++) {
        char arguments[48];
        snprintf(arguments, sizeof arguments, "%u,%u", fields[at].field, fields[at].scope);
        line_t *line = of("nvmlDeviceGetFieldValues", device, arguments);
        fields[at].code = line->code;
        fields[at].type = (int)number(line, 0);
        if (fields[at].type == 5) fields[at].value.si = (int)number(line, 1);
        else fields[at].value.ull_ = unsigned_number(line, 1);
    }
    return SUCCESS;
}

/* ── processes: a line's values are pid, bytes, pid, bytes, ... ── */

typedef struct { uint pid; ull used; uint gpu_instance, compute_instance; } process_t;

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, uint *count, process_t *found) {
    line_t *line = of("nvmlDeviceGetComputeRunningProcesses_v3", device, "-");
    uint room = *count;
    if (line->code != SUCCESS) return line->code;
    *count = (uint)line->count / 2;
    if (room < *count) return INSUFFICIENT_SIZE;
    for (uint at = 0; found && at < *count; at++) {
        memset(&found[at], 0, sizeof found[at]);
        found[at].pid = (uint)number(line, 2 * (int)at);
        found[at].used = unsigned_number(line, 2 * (int)at + 1);
    }
    return SUCCESS;
}
