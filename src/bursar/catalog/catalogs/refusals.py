"""What catalogs refuse."""

from uuid import UUID


class CatalogOfAnotherEnterprise(Exception):
    """The catalog belongs to another enterprise than the one it is declared for."""

    def __init__(self, catalog_uuid: UUID) -> None:
        super().__init__(str(catalog_uuid))
        self.catalog_uuid = catalog_uuid
