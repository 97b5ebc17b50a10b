"""The four endpoints as tutorials write them: a synchronous ORM session per request, row by row."""
