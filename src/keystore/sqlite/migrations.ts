/** What a database is made of. */
export interface Schema {
  /** `pragma application_id`: distinguishes databases of one purpose from others. */
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
  // Of several living keys of a content, label and algorithm one holds it: the one that was registered first. The clock has no say in
  // that but for keys that were there before this step.
  `
  alter table keys add column holds_content integer not null default 0 check (holds_content in (0, 1));
  update keys set holds_content = 1 where kid in (
    select kid from (
      select kid, row_number() over (
        partition by content_id, ifnull(label, ''), algorithm order by created_at, kid
      ) as place from keys where state <> 'revoked'
    ) where place = 1
  );
  create unique index keys_that_hold_contents on keys (content_id, ifnull(label, ''), algorithm)
    where holds_content = 1;

  create trigger keys_take_free_contents after insert on keys
    when not exists (
      select 1 from keys where content_id = new.content_id and ifnull(label, '') = ifnull(new.label, '')
        and algorithm = new.algorithm and holds_content = 1
    )
  begin update keys set holds_content = 1 where kid = new.kid; end;
  create trigger revoked_keys_pass_contents_on after update of state on keys
    when new.state = 'revoked' and old.holds_content = 1
  begin
    update keys set holds_content = 0 where kid = new.kid;
    update keys set holds_content = 1 where kid = (
      select kid from keys where content_id = new.content_id and ifnull(label, '') = ifnull(new.label, '')
        and algorithm = new.algorithm and state <> 'revoked' order by created_at, kid limit 1
    );
  end;
  `,
  // Policies that took the place of the one that a key was registered with, which is version 1.
  `
  create table policies (
    kid text not null references keys (kid),
    version integer not null check (version > 1),
    policy text not null,
    at text not null,
    actor text not null,
    primary key (kid, version)
  ) strict, without rowid;
  create trigger policies_are_never_changed before update on policies
  begin select raise(abort, 'policies are append-only'); end;
  create trigger policies_are_never_deleted before delete on policies
  begin select raise(abort, 'policies are append-only'); end;
  create trigger policies_are_never_replaced before insert on policies
    when exists (select 1 from policies where kid = new.kid and version = new.version)
  begin select raise(abort, 'policies are append-only'); end;
  `,
  // Keys of crypto periods: each period of a content, label and algorithm has a holder of its own; -1 stands for none.
  `
  alter table keys add column period integer check (period >= 0);

  drop trigger keys_keep_their_description;
  create trigger keys_keep_their_description before update of
    kid, algorithm, content_id, label, period, source, seed_id, checksum, la_url, policy, created_at on keys
  begin select raise(abort, 'the description of a key never changes'); end;

  drop index keys_that_hold_contents;
  create unique index keys_that_hold_contents on keys
    (content_id, ifnull(label, ''), algorithm, ifnull(period, -1)) where holds_content = 1;
  drop trigger keys_take_free_contents;
  create trigger keys_take_free_contents after insert on keys
    when not exists (
      select 1 from keys where content_id = new.content_id and ifnull(label, '') = ifnull(new.label, '')
        and algorithm = new.algorithm and ifnull(period, -1) = ifnull(new.period, -1) and holds_content = 1
    )
  begin update keys set holds_content = 1 where kid = new.kid; end;
  drop trigger revoked_keys_pass_contents_on;
  create trigger revoked_keys_pass_contents_on after update of state on keys
    when new.state = 'revoked' and old.holds_content = 1
  begin
    update keys set holds_content = 0 where kid = new.kid;
    update keys set holds_content = 1 where kid = (
      select kid from keys where content_id = new.content_id and ifnull(label, '') = ifnull(new.label, '')
        and algorithm = new.algorithm and ifnull(period, -1) = ifnull(new.period, -1)
        and state <> 'revoked' order by created_at, kid limit 1
    );
  end;
  `,
  // Published files are told apart by fingerprints of a tenth of the cost of SHA-256, which those of before keep.
  'alter table outputs rename column sha256 to fingerprint;',
  // KEKs that a KEK command has wrapped: the store keeps them, and cannot open them.
  `
  create table wrapped_keks (
    id text primary key check (length(id) = 16),
    wrapped text not null,
    created_at text not null
  ) strict, without rowid;
  create trigger wrapped_keks_are_never_changed before update on wrapped_keks
  begin select raise(abort, 'wrapped KEKs never change'); end;
  create trigger wrapped_keks_are_never_deleted before delete on wrapped_keks
  begin select raise(abort, 'wrapped KEKs are never deleted'); end;
  `,
  // By age, new keys are written next to each other: by KID, each would change a page of its own.
  `
  drop index keys_by_kek;
  create index keys_by_kek on keys (kek_id, created_at, kid) where kek_id is not null;
  `,
];

/** `applicationId`: "prpk". */
export const KEY_STORE_SCHEMA: Schema = { applicationId: 0x7072706b, migrations: MIGRATIONS };
