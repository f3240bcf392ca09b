"""What the audit found, for people: the quality page, its workbook and one workbook per file."""
