"""Keeps secrets unreadable at rest: what is stored is encrypted, with keys that can be changed (Fernet)."""

from collections.abc import Sequence

from core.errors import SettingsError, StoreError


class Vault:
    """Encrypts with the first of its keys and reads with every one, so that a new key can be put in front."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take keys as `new_key` makes them; raises SettingsError for none or for one that is no key."""
        if not keys:
            raise SettingsError(
                "CLOUT_SECRET_KEYS is missing: tokens are kept encrypted only. `clout init keys` makes one."
            )
        from cryptography.fernet import Fernet, InvalidToken, MultiFernet  # 6 MB, of no use to a lookup without keys

        self._unreadable = InvalidToken
        try:
            each = [Fernet(key) for key in keys]
            self._keys, self._newest = MultiFernet(each), each[0]
        except ValueError as err:  # not base64, or not 32 bytes
            raise SettingsError(
                "CLOUT_SECRET_KEYS holds something that is no key. `clout init keys` makes one."
            ) from err

    @classmethod
    def of(cls, setting: str) -> "Vault":
        """Return the vault of CLOUT_SECRET_KEYS: keys with commas between; raises SettingsError."""
        return cls([key for key in (part.strip() for part in setting.split(",")) if key])

    def lock(self, text: str) -> str:
        """Return `text` encrypted, as ASCII."""
        return self._keys.encrypt(text.encode()).decode()

    def unlock(self, locked: str) -> str:
        """Return what `lock` was given; raises StoreError when none of the keys fits."""
        try:
            return self._keys.decrypt(locked.encode()).decode()
        except self._unreadable as err:
            raise StoreError("A stored token cannot be read: its key is not in CLOUT_SECRET_KEYS.") from err

    def renewed(self, locked: str) -> str | None:
        """Return the same encrypted with the newest key, None where it is already; raises StoreError as `unlock`."""
        try:
            self._newest.decrypt(locked.encode())
        except self._unreadable:
            return self.lock(self.unlock(locked))
        return None


def new_key() -> str:
    """Return a fresh key for CLOUT_SECRET_KEYS."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()
