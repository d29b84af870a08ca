"""PostgreSQL reads the domains of addresses as people write them, as SQLite does with a function of
the process: a part of such a domain is found in either form."""

from collections.abc import Sequence

from alembic import op

revision: str = "0041"
down_revision: str | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Punycode, RFC 3492, section 6.2. The names are those of the RFC.
_READABLE_LABEL = """
CREATE FUNCTION readable_label(label text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    digits CONSTANT text := 'abcdefghijklmnopqrstuvwxyz0123456789';
    input text := substr(label, 5);
    output text := '';
    n bigint := 128; i bigint := 0; bias bigint := 72;
    old_i bigint; w bigint; k bigint; t bigint; digit bigint; delta bigint; size bigint;
BEGIN
    IF position('-' in input) > 0 THEN
        output := regexp_replace(input, '-[^-]*$', '');
        input := substr(input, length(output) + 2);
    END IF;
    WHILE input <> '' LOOP
        old_i := i; w := 1; k := 36;
        LOOP
            digit := position(left(input, 1) in digits) - 1;
            IF input = '' OR digit < 0 THEN RETURN label; END IF;
            input := substr(input, 2);
            i := i + digit * w;
            t := least(greatest(k - bias, 1), 26);
            EXIT WHEN digit < t;
            w := w * (36 - t);
            k := k + 36;
        END LOOP;
        size := length(output) + 1;
        delta := CASE WHEN old_i = 0 THEN i / 700 ELSE (i - old_i) / 2 END;
        delta := delta + delta / size;
        k := 0;
        WHILE delta > 455 LOOP delta := delta / 35; k := k + 36; END LOOP;
        bias := k + 36 * delta / (delta + 38);
        n := n + i / size;
        i := i % size;
        output := left(output, i::int) || chr(n::int) || substr(output, i::int + 1);
        i := i + 1;
    END LOOP;
    RETURN output;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN label;
END $$
"""
_READABLE_ADDRESS = """
CREATE FUNCTION readable_address(address text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT split_part(address, '@', 1) || '@' || (
        SELECT string_agg(
            CASE WHEN label LIKE 'xn--%' THEN readable_label(label) ELSE label END,
            '.' ORDER BY place
        )
        FROM unnest(string_to_array(split_part(address, '@', 2), '.'))
            WITH ORDINALITY AS labels (label, place)
    )
$$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_READABLE_LABEL)
        op.execute(_READABLE_ADDRESS)
