"""Users."""

from backends.mongo.documents.fields import Recorded, index, unique


class UserDocument(Recorded):
    """A user. ``password_hash`` is projected for a log-in alone."""

    username: str
    username_key: str
    email: str
    email_key: str
    full_name: str | None
    bio: str | None
    is_active: bool
    is_superuser: bool
    password_hash: str
    search_key: str

    class Settings:
        """See Beanie."""

        name = "users"
        indexes = (
            unique("username_key"),
            unique("email_key"),
            index("created_at", "_id"),
            index("username"),
            index("email"),
            index("is_active", "created_at", "_id"),
            index("is_active", "updated_at"),
        )
