"""Tables for spreadsheets: CSV and Excel files, read and written so that Excel neither changes a number nor runs a cell."""
