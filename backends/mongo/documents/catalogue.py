"""Categories and products."""

from backends.mongo.documents.fields import Price, Recorded, Stock, index, unique


class CategoryDocument(Recorded):
    """A category. Sorting by name is served by the index that keeps names unique."""

    name: str
    slug: str
    description: str | None
    parent_id: int | None

    class Settings:
        """See Beanie."""

        name = "categories"
        indexes = (
            unique("name"),
            unique("slug"),
            index("created_at", "_id"),
            index("parent_id"),
        )


class ProductDocument(Recorded):
    """A product. The index that begins with ``is_active`` and ends in the price covers the figures by category."""

    name: str
    slug: str
    description: str | None
    price: Price
    stock_quantity: Stock
    sku: str
    is_active: bool
    category_id: int | None
    search_key: str

    class Settings:
        """See Beanie."""

        name = "products"
        indexes = (
            unique("slug"),
            unique("sku"),
            unique("name", "category_id", present="category_id"),
            index("created_at", "_id"),
            index("name", "_id"),
            index("price", "_id"),
            index("stock_quantity", "_id"),
            index("category_id", "created_at", "_id"),
            index("category_id", "price", "_id"),
            index("is_active", "created_at", "_id"),
            index("is_active", "stock_quantity", "_id"),
            index("is_active", "category_id", "price"),
        )
