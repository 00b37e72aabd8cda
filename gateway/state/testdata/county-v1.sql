-- A county.db of version 1, schema and rows, as that version wrote it.
-- It stands for the files at counties: never write it anew.
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('store_generation', 'store-1');
CREATE TABLE audit (
  seq        INTEGER PRIMARY KEY,
  at_ms      INTEGER NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id   TEXT NOT NULL,
  action     TEXT NOT NULL,
  object     TEXT NOT NULL,
  detail     TEXT NOT NULL,
  prev       BLOB NOT NULL,
  hash       BLOB NOT NULL
) STRICT;
INSERT INTO audit VALUES (1, 1795406400000, 'system', 'county', 'schema.migrated', 'county.db', '{"from":0,"to":1}', x'0000000000000000000000000000000000000000000000000000000000000000', x'0f644277c84cf253917af1ec3f6bee523ae95e58a7ea1bb3b2213214e7aeec9a');
INSERT INTO audit VALUES (2, 1795406400000, 'system', 'collector', 'store.adopted', 'store-1', '{"before":"","runs_forgotten":0}', x'0f644277c84cf253917af1ec3f6bee523ae95e58a7ea1bb3b2213214e7aeec9a', x'e4f4d7c62156a850959b770bd41bae0a2a42f716082349f1eef4aa8fc1b9d048');
INSERT INTO audit VALUES (3, 1795406400000, 'person', 'qiqige', 'batch.created', 'HJQ261123-TLG-007', '{"created":"2026-11-22T04:00:00.000Z","from":"2026-11-22T04:00:00.000Z","owner":"","product":"塔拉沟山羊肉","profile":"","quantity":"","zone":"balagong/mutton-1"}', x'e4f4d7c62156a850959b770bd41bae0a2a42f716082349f1eef4aa8fc1b9d048', x'4f42331490b1d04c17d5d8102549f63cea77696b18b820de6684052f8ac37f5f');
INSERT INTO audit VALUES (4, 1795406460000, 'token', 'counter-1', 'batch.created', 'HJQ261123-TLG-008', '{"created":"2026-11-23T04:01:00.000Z","owner":"演示合作社","product":"奶豆腐","profile":"dairy","quantity":"12 kg"}', x'4f42331490b1d04c17d5d8102549f63cea77696b18b820de6684052f8ac37f5f', x'aa969775fee80c3fe9c7eeccd69b01b3960c4a88f93bdeecc7b0c518907ec4ba');
INSERT INTO audit VALUES (5, 1795406460000, 'person', 'qiqige', 'batch.moved', 'HJQ261123-TLG-007', '{"from_zone":"balagong/mutton-1","moved":"2026-11-23T04:00:00.000Z","to_zone":"hq/room-1"}', x'aa969775fee80c3fe9c7eeccd69b01b3960c4a88f93bdeecc7b0c518907ec4ba', x'497b128bcce410e0bfb676116e82de9e731cdddff7f5b45af6e840ae9528674c');
INSERT INTO audit VALUES (6, 1795406460000, 'system', 'collector', 'gateway.inventory', 'gw-balagong', '{"devices":0,"points":0,"sha256":"d2802ebedae9beffe021df036857e7a92c237abe313d9dc8154aab8503865fe2","site":"balagong"}', x'497b128bcce410e0bfb676116e82de9e731cdddff7f5b45af6e840ae9528674c', x'ce55a3cb83a5d5397c553acc6c65c62e9063c6d291c97b6c19667766f1b08170');
INSERT INTO audit VALUES (7, 1795406460000, 'system', 'engine', 'alarm.raised', 'aaaa', '{"level":"excursion"}', x'ce55a3cb83a5d5397c553acc6c65c62e9063c6d291c97b6c19667766f1b08170', x'aca73dce93a777e11561a9dff057dd017edbf0e54b7416023d916bf8710da3ce');
INSERT INTO audit VALUES (8, 1795406460000, 'person', 'qiqige', 'alarm.acknowledged', 'aaaa', '{"note":""}', x'aca73dce93a777e11561a9dff057dd017edbf0e54b7416023d916bf8710da3ce', x'233b13ea21fdc37b0cc17db6f607160421df086292604ef89cb3a8fd4fe71977');
INSERT INTO audit VALUES (9, 1795406460000, 'system', 'engine', 'alarm.raised', 'bbbb', '{"level":"warning"}', x'233b13ea21fdc37b0cc17db6f607160421df086292604ef89cb3a8fd4fe71977', x'c8d9113cb625dee09275a8e32b3c89c754cfdd3c5ac2516ff070129b2f809010');
CREATE TABLE ranges (
  kind    TEXT NOT NULL CHECK (kind IN ('delivered', 'judged')),
  gateway TEXT NOT NULL,
  epoch   INTEGER NOT NULL,
  first   INTEGER NOT NULL,
  last    INTEGER NOT NULL CHECK (last >= first),
  PRIMARY KEY (kind, gateway, epoch, first)
) STRICT, WITHOUT ROWID;
INSERT INTO ranges VALUES ('delivered', 'gw-balagong', 1, 1, 900);
INSERT INTO ranges VALUES ('judged', 'gw-balagong', 1, 1, 905);
CREATE TABLE refused (
  gateway TEXT NOT NULL,
  epoch   INTEGER NOT NULL,
  first   INTEGER NOT NULL,
  last    INTEGER NOT NULL CHECK (last >= first),
  reason  TEXT NOT NULL,
  PRIMARY KEY (gateway, epoch, first)
) STRICT, WITHOUT ROWID;
INSERT INTO refused VALUES ('gw-balagong', 1, 501, 501, 'unknown-point');
CREATE TABLE entries (
  gateway TEXT NOT NULL,
  epoch   INTEGER NOT NULL,
  seq     INTEGER NOT NULL,
  site    TEXT NOT NULL,
  kind    TEXT NOT NULL CHECK (kind IN ('gap', 'event')),
  from_ms INTEGER NOT NULL, -- of an event: when it happened
  to_ms   INTEGER NOT NULL,
  name    TEXT NOT NULL,    -- the gap's cause, the event's name
  object  TEXT NOT NULL,    -- the gap's scope, what the event happened to
  count   INTEGER NOT NULL, -- readings dropped, where known
  boot    TEXT NOT NULL,
  mono_ms INTEGER NOT NULL,
  clock   TEXT NOT NULL,
  detail  TEXT NOT NULL,    -- JSON
  PRIMARY KEY (gateway, epoch, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO entries VALUES ('gw-balagong', 1, 77, 'balagong', 'gap', 1795406400000, 1795406460000, 'restart', 'gw-balagong', 0, 'b', 0, '', '{}');
CREATE TABLE tracks (
  key   TEXT PRIMARY KEY,
  state BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO tracks VALUES ('balagong/mutton-1/air', x'747261636b');
CREATE TABLE alarms (
  id           TEXT PRIMARY KEY,
  rule         TEXT NOT NULL,
  object       TEXT NOT NULL,
  zone         TEXT NOT NULL,
  level        TEXT NOT NULL,
  class        TEXT NOT NULL,
  state        TEXT NOT NULL,
  reason       TEXT NOT NULL,
  start_ms     INTEGER NOT NULL,
  raised_ms    INTEGER NOT NULL,
  returned_ms  INTEGER,
  last_seen_ms INTEGER NOT NULL,
  delay_ms     INTEGER NOT NULL,
  limit_value  REAL, -- NULL with peak and last_value when the rule has no value
  peak         REAL,
  last_value   REAL,
  acked_kind   TEXT,
  acked_id     TEXT,
  acked_ms     INTEGER,
  note         TEXT NOT NULL DEFAULT ''
) STRICT;
INSERT INTO alarms VALUES ('aaaa', 'high-limit', 'balagong/mutton-1/air', 'balagong/mutton-1', 'excursion', 'live', 'acknowledged', '', 1795402800000, 1795406400000, NULL, 1795406400000, 600000, 4, 9.5, 8.25, 'person', 'qiqige', 1795406400000, '');
INSERT INTO alarms VALUES ('bbbb', 'high-limit', 'balagong/mutton-1/air', 'balagong/mutton-1', 'warning', 'live', 'unacknowledged', '', 1795399200000, 1795402800000, NULL, 1795406400000, 600000, 4, 9.5, 8.25, NULL, NULL, NULL, '');
CREATE TABLE batches (
  id         TEXT PRIMARY KEY,
  product    TEXT NOT NULL,
  profile    TEXT NOT NULL,
  quantity   TEXT NOT NULL,
  owner      TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
INSERT INTO batches VALUES ('HJQ261123-TLG-007', '塔拉沟山羊肉', '', '', '', 1795320000000);
INSERT INTO batches VALUES ('HJQ261123-TLG-008', '奶豆腐', 'dairy', '12 kg', '演示合作社', 1795406460000);
CREATE TABLE custody (
  batch   TEXT NOT NULL REFERENCES batches (id),
  zone    TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms   INTEGER CHECK (to_ms > from_ms),
  PRIMARY KEY (batch, from_ms)
) STRICT, WITHOUT ROWID;
INSERT INTO custody VALUES ('HJQ261123-TLG-007', 'balagong/mutton-1', 1795320000000, 1795406400000);
INSERT INTO custody VALUES ('HJQ261123-TLG-007', 'hq/room-1', 1795406400000, NULL);
CREATE TABLE idempotency (
  actor_kind TEXT NOT NULL,
  actor_id   TEXT NOT NULL,
  key        TEXT NOT NULL,
  request    BLOB NOT NULL, -- SHA-256 of the request
  answer     TEXT NOT NULL, -- JSON
  at_ms      INTEGER NOT NULL,
  PRIMARY KEY (actor_kind, actor_id, key)
) STRICT, WITHOUT ROWID;
INSERT INTO idempotency VALUES ('person', 'qiqige', 'create HJQ261123-TLG-007', x'b5ff22cea682dbef476978cb661ba65070c60fb61ed780065b7690ac850d396c', '{"id":"HJQ261123-TLG-007","product":"塔拉沟山羊肉","profile":"","quantity":"","owner":"","created":"2026-11-22T04:00:00Z","custody":[{"batch":"HJQ261123-TLG-007","zone":"balagong/mutton-1","from":"2026-11-22T04:00:00Z"}]}', 1795406400000);
INSERT INTO idempotency VALUES ('person', 'qiqige', 'move HJQ261123-TLG-007hq/room-11795406400000', x'5e0029072864584b1a22cc823fedcda8cd37bc82ce15194a5bcbf95bc3c49156', '{"id":"HJQ261123-TLG-007","product":"塔拉沟山羊肉","profile":"","quantity":"","owner":"","created":"2026-11-22T04:00:00Z","custody":[{"batch":"HJQ261123-TLG-007","zone":"balagong/mutton-1","from":"2026-11-22T04:00:00Z","to":"2026-11-23T04:00:00Z"},{"batch":"HJQ261123-TLG-007","zone":"hq/room-1","from":"2026-11-23T04:00:00Z"}]}', 1795406460000);
INSERT INTO idempotency VALUES ('token', 'counter-1', 'k2', x'113891676575910a4b164693de47fc7445e7150fdb774c3cfc6810b2483177e2', '{"id":"HJQ261123-TLG-008","product":"奶豆腐","profile":"dairy","quantity":"12 kg","owner":"演示合作社","created":"2026-11-23T04:01:00Z","custody":[]}', 1795406460000);
CREATE TABLE gateways (
  gateway      TEXT PRIMARY KEY,
  site         TEXT NOT NULL,
  status       TEXT, -- JSON
  status_ms    INTEGER,
  inventory    TEXT, -- JSON
  inventory_ms INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO gateways VALUES ('gw-balagong', 'balagong', '{"gateway":"gw-balagong","site":"balagong","online":true,"session":"s1","greeted":false}', 1795406400000, '{"gateway":"gw-balagong","site":"balagong","devices":null}', 1795406400000);
CREATE TABLE quarantine (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  same         BLOB NOT NULL UNIQUE, -- equal for a retransmission
  at_ms        INTEGER NOT NULL,
  last_ms      INTEGER NOT NULL,
  seen         INTEGER NOT NULL,
  gateway      TEXT NOT NULL,
  topic        TEXT NOT NULL,
  epoch        TEXT NOT NULL,
  seq          TEXT,
  point        TEXT NOT NULL,
  reason       TEXT NOT NULL,
  detail       TEXT NOT NULL,
  payload      BLOB NOT NULL,
  payload_size INTEGER NOT NULL
) STRICT;
INSERT INTO quarantine VALUES (1, x'9abc278f21d6e54198c666a1d1dcc4c7bd0ca75c52b27e52b5ddc82d983175ba', 1795406400000, 1795406400000, 1, 'gw-balagong', 't', '1', '501', 'balagong/x/y', 'unknown-point', 'no such point', x'7061796c6f6164', 7);
CREATE TABLE quarantine_counts (
  reason   TEXT PRIMARY KEY,
  total    INTEGER NOT NULL, -- different entries ever
  repeated INTEGER NOT NULL, -- retransmissions of one of them
  dropped  INTEGER NOT NULL  -- entries deleted to keep the table bounded
) STRICT, WITHOUT ROWID;
INSERT INTO quarantine_counts VALUES ('unknown-point', 1, 0, 0);
CREATE INDEX audit_object ON audit (object, seq);
CREATE TRIGGER audit_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
CREATE TRIGGER audit_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END;
CREATE INDEX entries_time ON entries (site, from_ms, to_ms);
CREATE INDEX alarms_start ON alarms (start_ms);
CREATE INDEX alarms_zone ON alarms (zone, start_ms);
CREATE INDEX alarms_open ON alarms (start_ms) WHERE state <> 'normal';
CREATE INDEX batches_created ON batches (created_ms);
CREATE INDEX custody_zone ON custody (zone, coalesce(to_ms, 9223372036854775807), from_ms);
CREATE UNIQUE INDEX custody_one_open ON custody (batch) WHERE to_ms IS NULL;
PRAGMA user_version = 1;
