CREATE TABLE IF NOT EXISTS rider (
    rider_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    handle      text NOT NULL UNIQUE,
    passphrase  text NOT NULL,
    town        text NOT NULL DEFAULT '',
    staff       boolean NOT NULL DEFAULT false,
    joined      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS part (
    sku         text PRIMARY KEY,
    label       text NOT NULL,
    family      text NOT NULL,
    grams       integer NOT NULL,
    price       numeric(9, 2) NOT NULL,
    stock       integer NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS job (
    job_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rider_id    bigint NOT NULL REFERENCES rider ON DELETE CASCADE,
    sku         text NOT NULL REFERENCES part,
    pieces      integer NOT NULL CHECK (pieces > 0),
    state       text NOT NULL DEFAULT 'open',
    phone       text NOT NULL DEFAULT '',
    remark      text NOT NULL DEFAULT '',
    opened      timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS job_rider ON job (rider_id);

CREATE TABLE IF NOT EXISTS verdict (
    verdict_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku         text NOT NULL REFERENCES part ON DELETE CASCADE,
    rider_id    bigint NOT NULL REFERENCES rider ON DELETE CASCADE,
    stars       smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    body        text NOT NULL
);

CREATE TABLE IF NOT EXISTS dealer (
    dealer_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    town        text NOT NULL
);

INSERT INTO part (sku, label, family, grams, price, stock) VALUES
    ('CH-11', 'Chain, 11-speed', 'drivetrain', 257, 31.90, 40),
    ('BR-02', 'Disc brake pads', 'brakes', 22, 14.50, 12),
    ('WH-28', 'Front wheel 28"', 'wheels', 840, 129.00, 4),
    ('SD-07', 'Saddle, leather', 'saddles', 520, 89.00, 7)
ON CONFLICT DO NOTHING;

INSERT INTO dealer (name, town) VALUES
    ('Velo Nord', 'Lund'), ('Kettenwerk', 'Jena'), ('La Rueda', 'Vigo')
ON CONFLICT DO NOTHING;
