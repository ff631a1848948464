/** What a database is made of. */
export interface Schema {
  /** `pragma application_id`: tells databases of one purpose from others. */
  readonly applicationId: number;
  /** One step a version: step n leads from version n (`pragma user_version`) to n + 1. */
  readonly migrations: readonly string[];
}

/**
 * The schema of a key store, one step a version: step n leads from version n (`pragma user_version`) to n + 1. A step that has been
 * released is never edited.
 */
export const MIGRATIONS: readonly string[] = [
  `
  create table store (
    id integer primary key check (id = 1),
    kek_id text
  ) strict;
  insert into store (id, kek_id) values (1, null);

  create table keys (
    kid text primary key check (length(kid) = 36),
    algorithm text not null check (algorithm in ('AESCTR', 'AESCBC')),
    content_id text not null,
    label text,
    source text not null,
    seed_id text,
    wrapped_key blob,
    kek_id text,
    checksum text not null,
    la_url text,
    policy text,
    state text not null default 'pending' check (state in ('pending', 'active', 'revoked')),
    created_at text not null,
    updated_at text not null,
    check ((wrapped_key is null) = (kek_id is null)),
    check (wrapped_key is not null or seed_id is not null)
  ) strict, without rowid;
  create index keys_by_age on keys (created_at, kid);
  create index keys_by_content on keys (content_id, created_at, kid);
  create index keys_by_kek on keys (kek_id, kid) where kek_id is not null;

  create trigger keys_are_never_deleted before delete on keys
  begin select raise(abort, 'keys are never deleted'); end;
  create trigger keys_are_never_replaced before insert on keys
    when exists (select 1 from keys where kid = new.kid)
  begin select raise(abort, 'keys are never replaced'); end;
  create trigger keys_keep_their_description before update of
    kid, algorithm, content_id, label, source, seed_id, checksum, la_url, policy, created_at on keys
  begin select raise(abort, 'the description of a key never changes'); end;
  create trigger keys_only_move_forward before update of state on keys
    when old.state = 'revoked' and new.state <> 'revoked' or old.state = 'active' and new.state = 'pending'
  begin select raise(abort, 'the state of a key only moves forward'); end;

  create table outputs (
    kid text not null references keys (kid),
    sha256 text not null check (length(sha256) = 64),
    made_from text,
    published_at text not null,
    primary key (kid, sha256)
  ) strict, without rowid;

  create table audit (
    id integer primary key autoincrement,
    at text not null,
    actor text not null,
    operation text not null,
    kid text not null,
    content_id text,
    checksum text,
    outcome text not null
  ) strict;
  create index audit_by_kid on audit (kid, id);
  create index audit_by_content on audit (content_id, id);

  create trigger audit_is_never_changed before update on audit
  begin select raise(abort, 'the audit is append-only'); end;
  create trigger audit_is_never_deleted before delete on audit
  begin select raise(abort, 'the audit is append-only'); end;
  create trigger audit_is_never_replaced before insert on audit
    when exists (select 1 from audit where id = new.id)
  begin select raise(abort, 'the audit is append-only'); end;
  `,
];

/** `applicationId`: "prpk". */
export const KEY_STORE_SCHEMA: Schema = { applicationId: 0x7072706b, migrations: MIGRATIONS };
