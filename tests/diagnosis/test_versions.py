"""Versions compare as those who write them mean it."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from aifctl.diagnosis.versions import (
    GROUPS,
    HCA,
    HEX_BYTES,
    HEX_LAST,
    HEX_PAIR,
    NUMBERS,
    NUMBERS_IN_TEXT,
    OPAQUE,
    RELEASE,
    SCHEMES,
    SIGNED,
    Relation,
    Scheme,
)

SAME, OLDER, NEWER = Relation.SAME, Relation.OLDER, Relation.NEWER
OTHER, UNREADABLE = Relation.OTHER, Relation.UNREADABLE
MIRRORED = {OLDER: NEWER, NEWER: OLDER}


@pytest.mark.parametrize(
    ("scheme", "version", "to", "relation"),
    [
        (HEX_BYTES, "96.00.A5.00.01", "96.00.a5.00.01  ", SAME),
        (HEX_BYTES, "96.00.99.00.01", "96.00.A5.00.01", OLDER),
        (HEX_BYTES, "96.00.BC.00.01", "96.00.BC.00.02", OTHER),
        (HEX_BYTES, "96.00.74.00.0D", "96.00.89.00.01", OTHER),
        (HEX_BYTES, "96.00.A5.00", "96.00.A5.00.01", UNREADABLE),
        (HEX_BYTES, "N/A", "96.00.A5.00.01", UNREADABLE),
        (HEX_PAIR, "2.2C", "2.37", OLDER),
        (HEX_PAIR, "2.53", "2.37", NEWER),
        (HEX_PAIR, "2.0A", "2.a", SAME),
        (HEX_LAST, "1.7.5A", "1.7.5F", OLDER),
        (HEX_LAST, "1.9.5F", "1.7.5F", NEWER),
        (NUMBERS, "2.07.19", "2.7.19", SAME),
        (NUMBERS, "2.7.9", "2.7.20", OLDER),
        (NUMBERS, "23.11.21", "24.09.17", OLDER),
        (NUMBERS, "535.129.03", "535.129.3", SAME),
        (NUMBERS, "F5.11.CB", "1.2", UNREADABLE),
        (NUMBERS_IN_TEXT, "1.1.3", "01.01.03", SAME),
        (NUMBERS_IN_TEXT, "01.02.04        ", "1.2.4", SAME),
        (NUMBERS_IN_TEXT, "BIOS Date: 08/04/2023 Ver 1.4", "1.4", SAME),
        (NUMBERS_IN_TEXT, "2.7.4", "2.7.10", OLDER),
        (NUMBERS_IN_TEXT, "to be filled in by O.E.M.", "1.4", UNREADABLE),
        (SIGNED, "00.02.0134.0000_n00", "00.02.0150.0000_n00", OLDER),
        (SIGNED, "00.02.0134.0000_n00", "00.02.0150.0000_n01", OTHER),
        (HCA, "28.37.10.14", "28.37.1014", SAME),
        (HCA, "28.41.1000", "28.39.1002", NEWER),
        (HCA, "28.37.1.4", "28.37.104", SAME),
        (GROUPS, "0204.0201.0202", "0204.0201.0204", OTHER),
        (GROUPS, "0204.0201.0202", "0204.0201.0202", SAME),
        (RELEASE, "HGX-22.10-1-rc44", "HGX-22.10-1-rc57", OLDER),
        (RELEASE, "HGX-22.10-1-rc9", "HGX-22.10-1-rc44", OLDER),
        (RELEASE, "HGX-24.05-1", "HGX-22.10-1-rc77", NEWER),
        (RELEASE, "BF-24.10-10", "HGX-24.10-1", OTHER),
        (OPAQUE, "GDC5602Q", "EDA78F2Q", OTHER),
        (OPAQUE, "", "EDA78F2Q", UNREADABLE),
        (OPAQUE, "a\x1b[2Jb", "EDA78F2Q", UNREADABLE),
    ],
)
def test_a_version_is_what_its_vendor_says_to_another(
    scheme: Scheme, version: str, to: str, relation: Relation
) -> None:
    assert scheme.relation(version, to) is relation
    assert scheme.relation(to, version) is MIRRORED.get(relation, relation)


@given(scheme=st.sampled_from(sorted(SCHEMES)), texts=st.tuples(st.text(), st.text()))
def test_no_text_breaks_a_scheme_and_what_cannot_be_read_is_never_the_same(scheme: str, texts: tuple[str, str]) -> None:
    one, other = texts
    relation = SCHEMES[scheme].relation(one, other)
    readable = SCHEMES[scheme].readable(one) and SCHEMES[scheme].readable(other)
    assert (relation is Relation.UNREADABLE) == (not readable)


_VERSIONS = st.one_of(
    st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,4}){1,4}", fullmatch=True),
    st.from_regex(r"[0-9A-F]{2}(\.[0-9A-F]{2}){1,4}", fullmatch=True),
    st.from_regex(r"HGX-[0-9]{2}\.[0-9]{2}-[0-9](-rc[0-9]{1,2})?", fullmatch=True),
)


@given(scheme=st.sampled_from(sorted(SCHEMES)), versions=st.tuples(_VERSIONS, _VERSIONS, _VERSIONS))
def test_an_order_is_an_order(scheme: str, versions: tuple[str, str, str]) -> None:
    relation = SCHEMES[scheme].relation
    one, two, three = versions
    assert relation(one, one) in {Relation.SAME, Relation.UNREADABLE}
    assert relation(two, one) is MIRRORED.get(relation(one, two), relation(one, two))
    if relation(one, two) is relation(two, three) is Relation.NEWER:
        assert relation(one, three) is Relation.NEWER
