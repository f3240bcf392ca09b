"""How things look and are called, whoever shows them: words, formats, charts, workbooks, PDF. Imports no other room."""
