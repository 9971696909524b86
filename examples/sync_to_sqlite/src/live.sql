PRAGMA journal_mode = WAL;

CREATE TABLE IF NOT EXISTS records (kind TEXT, id TEXT, json TEXT NOT NULL, PRIMARY KEY (kind, id));

-- Records to retrieve, in order. AUTOINCREMENT never uses a number twice.
CREATE TABLE IF NOT EXISTS queue (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, id TEXT, error TEXT, UNIQUE (kind, id)
);

-- The ids of received notifications, and the start of the next walk over each kind of record.
CREATE TABLE IF NOT EXISTS notifications (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS watermarks (kind TEXT PRIMARY KEY, seconds INTEGER NOT NULL);
