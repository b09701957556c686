"""Tables of patients as files: CSV and XLSX, in and out."""
