-- Version 12: who may sign in, the sessions that they and shared devices have,
-- and the tokens of programs. Of passwords and secrets there are only hashes.
CREATE TABLE users (
  id          TEXT PRIMARY KEY, -- what is typed when signing in
  name        TEXT NOT NULL,    -- what others read
  person      TEXT NOT NULL,    -- of the roster; empty: none
  grants      TEXT NOT NULL,    -- JSON list of roles and how far they reach, see gateway/access
  hash        TEXT NOT NULL,    -- of the password, slow and salted, see gateway/slowhash
  one_time    INTEGER NOT NULL, -- the password has to be changed at the next sign-in
  made_ms     INTEGER NOT NULL,
  disabled_ms INTEGER,
  actor_kind  TEXT NOT NULL,    -- who made it
  actor_id    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  id         TEXT PRIMARY KEY, -- as others may read it
  sum        BLOB NOT NULL UNIQUE,
  user       TEXT REFERENCES users (id), -- NULL: a shared device's
  site       TEXT NOT NULL,    -- of a shared device
  name       TEXT NOT NULL,    -- of a shared device, as people call it
  device     TEXT NOT NULL,    -- by which browser; empty: not known
  agent      TEXT NOT NULL,    -- what the browser says it is
  made_ms    INTEGER NOT NULL,
  ended_ms   INTEGER,
  actor_kind TEXT NOT NULL,    -- who began it
  actor_id   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user);

CREATE TABLE api_tokens (
  id         TEXT PRIMARY KEY,
  sum        BLOB NOT NULL UNIQUE,
  name       TEXT NOT NULL,
  grants     TEXT NOT NULL,
  read_only  INTEGER NOT NULL,
  made_ms    INTEGER NOT NULL,
  until_ms   INTEGER NOT NULL,
  ended_ms   INTEGER,
  actor_kind TEXT NOT NULL,
  actor_id   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- When a session or token was last used, give or take minutes.
CREATE TABLE access_used (
  id      TEXT PRIMARY KEY,
  used_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
