"""The probe: looks at everything once and says it in one line. All parsing is the control host's."""
