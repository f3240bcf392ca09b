"""What every page, workbook and list that people read has in common."""
