"""The repositories, one module per entity: what a reader needs outside a unit of work, and a repository within one."""
