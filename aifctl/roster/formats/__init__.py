"""Drawer: one file for each format of import and export, ending in FORMAT."""
