/**
 * The schema `prpack` of a key store, one step a version: step n leads from version n to n + 1. A step that has been released is never
 * edited.
 *
 * All changes go through `prpack.change`, in one round trip and so in one transaction, by compare and set: it takes locks of what the
 * change concerns, finds out whether that is as the caller expects it, and writes; or it writes nothing, and says how it is.
 */
export const MIGRATIONS: readonly string[] = [
  `
  create table prpack.store (
    id integer primary key check (id = 1),
    kek_id text,
    probed_at timestamptz
  );
  insert into prpack.store (id) values (1);

  create table prpack.keys (
    kid uuid primary key,
    seq bigint generated always as identity unique,
    version bigint not null default 1,
    algorithm text not null check (algorithm in ('AESCTR', 'AESCBC')),
    content_id text not null,
    label text,
    period bigint check (period >= 0),
    source text not null,
    seed_id text,
    wrapped_key bytea,
    kek_id text,
    checksum text not null,
    la_url text,
    policy text,
    state text not null default 'pending' check (state in ('pending', 'active', 'revoked')),
    holds_content boolean not null default false,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check ((wrapped_key is null) = (kek_id is null)),
    check (wrapped_key is not null or seed_id is not null)
  );
  create index keys_by_content on prpack.keys (content_id, seq);
  create index keys_by_kek on prpack.keys (kek_id, kid) where kek_id is not null;
  -- Of several living keys of a content, label, algorithm and crypto period one holds it: the one that was registered first.
  create unique index keys_that_hold_contents on prpack.keys
    (content_id, coalesce(label, ''), algorithm, coalesce(period, -1)) where holds_content;

  -- KEKs that a KEK command has wrapped: the store keeps them, and cannot open them.
  create table prpack.wrapped_keks (
    id text primary key check (length(id) = 16),
    wrapped text not null,
    created_at timestamptz not null
  );

  create table prpack.outputs (
    kid uuid not null references prpack.keys (kid),
    fingerprint text not null check (length(fingerprint) = 64),
    made_from text,
    published_at timestamptz not null,
    primary key (kid, fingerprint)
  );

  -- Policies that took the place of the one that a key was registered with, which is version 1.
  create table prpack.policies (
    kid uuid not null references prpack.keys (kid),
    version integer not null check (version > 1),
    policy text not null,
    at timestamptz not null,
    actor text not null,
    primary key (kid, version)
  );

  -- In a part for each month (UTC), so that what is pruned gives its room back.
  create sequence prpack.audit_ids;
  create table prpack.audit (
    id bigint not null default nextval('prpack.audit_ids'),
    at timestamptz not null,
    actor text not null,
    operation text not null,
    kid uuid,
    content_id text,
    checksum text,
    outcome text not null,
    primary key (id, at)
  ) partition by range (at);
  alter sequence prpack.audit_ids owned by prpack.audit.id;
  create index audit_by_kid on prpack.audit (kid, id);
  create index audit_by_content on prpack.audit (content_id, id);

  create function prpack.refuse() returns trigger language plpgsql as $$
  begin
    raise exception '%', tg_argv[0];
  end $$;
  create trigger keys_are_never_deleted before delete on prpack.keys
    for each row execute function prpack.refuse('keys are never deleted');
  create trigger keys_are_never_truncated before truncate on prpack.keys
    execute function prpack.refuse('keys are never deleted');
  create trigger keys_keep_their_description before update on prpack.keys for each row
    when ((old.kid, old.seq, old.algorithm, old.content_id, old.label, old.period, old.source, old.seed_id, old.checksum, old.la_url,
        old.policy, old.created_at) is distinct from
      (new.kid, new.seq, new.algorithm, new.content_id, new.label, new.period, new.source, new.seed_id, new.checksum, new.la_url,
        new.policy, new.created_at))
    execute function prpack.refuse('the description of a key never changes');
  create trigger keys_only_move_forward before update on prpack.keys for each row
    when (old.state = 'revoked' and new.state <> 'revoked' or old.state = 'active' and new.state = 'pending')
    execute function prpack.refuse('the state of a key only moves forward');
  create trigger wrapped_keks_are_never_changed before update or delete on prpack.wrapped_keks
    for each row execute function prpack.refuse('wrapped KEKs never change');
  create trigger wrapped_keks_are_never_truncated before truncate on prpack.wrapped_keks
    execute function prpack.refuse('wrapped KEKs never change');
  create trigger policies_are_never_changed before update or delete on prpack.policies
    for each row execute function prpack.refuse('policies are append-only');
  create trigger policies_are_never_truncated before truncate on prpack.policies
    execute function prpack.refuse('policies are append-only');
  create trigger audit_is_never_changed before update on prpack.audit
    for each row execute function prpack.refuse('the audit is append-only');
  create trigger audit_is_never_deleted before delete on prpack.audit
    for each row when (current_setting('prpack.pruning', true) is distinct from 'on')
    execute function prpack.refuse('the audit is append-only');
  create trigger audit_is_never_truncated before truncate on prpack.audit
    execute function prpack.refuse('the audit is append-only');

  -- Functions in plpgsql keep their plans; those in sql are planned at each call, but for what is part of a larger statement.

  -- The clock of the store: milliseconds, as records show them.
  create function prpack.now() returns timestamptz language sql volatile as
    $$ select date_trunc('milliseconds', clock_timestamp()) $$;
  create function prpack.time_text(at timestamptz) returns text language sql stable as
    $$ select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;

  create view prpack.key_rows as
    select kid, seq, version, algorithm, content_id, label, period, source, seed_id, encode(wrapped_key, 'hex') as wrapped_key, kek_id,
      checksum, la_url, policy, state, holds_content, prpack.time_text(created_at) as created_at,
      prpack.time_text(updated_at) as updated_at,
      (select coalesce(jsonb_agg(jsonb_build_object('fingerprint', o.fingerprint, 'made_from', o.made_from)
          order by o.published_at, o.fingerprint), '[]')
        from prpack.outputs o where o.kid = k.kid) as outputs,
      (select jsonb_build_object('version', p.version, 'policy', p.policy)
        from prpack.policies p where p.kid = k.kid order by p.version desc limit 1) as replaced
    from prpack.keys k;
  create view prpack.audit_rows as
    select id, prpack.time_text(at) as at, actor, operation, coalesce(kid::text, '') as kid, content_id, checksum, outcome
    from prpack.audit;

  -- What is acknowledged is on the disk, whatever the database does by default.
  create function prpack.be_durable() returns void language plpgsql as $$
  begin
    if current_setting('synchronous_commit') = 'off' then
      perform set_config('synchronous_commit', 'on', true);
    end if;
  end $$;

  -- Locks what a change concerns until its transaction ends: all in one order, so that none waits for another in a circle. A change of
  -- many keys, or one that depends on the KEKs of all, is alone.
  create function prpack.lock_concern(the_kids uuid[], the_slots jsonb, by_keks boolean) returns void language plpgsql as $$
  declare
    places integer[];
    place integer;
  begin
    -- The contents of keys that are there never change: they can be read before the locks are there.
    select array_agg(distinct hashtext(name) order by hashtext(name)) into places from (
      select 'kid ' || k as name from unnest(the_kids) k
      union all select jsonb_build_array(s->>'content_id', coalesce(s->>'label', ''), s->>'algorithm',
          coalesce((s->>'period')::bigint, -1))::text
        from jsonb_array_elements(the_slots) s
      union all select jsonb_build_array(content_id, coalesce(label, ''), algorithm, coalesce(period, -1))::text
        from prpack.keys where kid = any(the_kids)
    ) names;
    if by_keks or coalesce(cardinality(places), 0) > 64 then
      perform pg_advisory_xact_lock(1886548076, 0);
    else
      perform pg_advisory_xact_lock_shared(1886548076, 0);
      foreach place in array coalesce(places, '{}') loop
        perform pg_advisory_xact_lock(1886548075, place);
      end loop;
    end if;
  end $$;

  create function prpack.kek_ids() returns jsonb language sql volatile as
    $$ select coalesce(jsonb_agg(distinct kek_id order by kek_id), '[]') from prpack.keys where kek_id is not null $$;

  -- What a decision depends on.
  create function prpack.outlook(the_kids uuid[], the_slots jsonb, by_keks boolean) returns jsonb language plpgsql as $$
  begin
    return jsonb_build_object(
      'kek', (select kek_id from prpack.store),
      'keks', case when by_keks then prpack.kek_ids() end,
      'held', (
        select coalesce(jsonb_agg(exists (
          select from prpack.keys k where k.holds_content and k.content_id = s->>'content_id'
            and coalesce(k.label, '') = coalesce(s->>'label', '') and k.algorithm = s->>'algorithm'
            and coalesce(k.period, -1) = coalesce((s->>'period')::bigint, -1)
        ) order by n), '[]') from jsonb_array_elements(the_slots) with ordinality as t(s, n)
      ),
      'versions', (select coalesce(jsonb_object_agg(kid, version), '{}') from prpack.keys where kid = any(the_kids))
    );
  end $$;

  create function prpack.add_key(key jsonb, moment timestamptz) returns void language plpgsql as $$
  begin
    insert into prpack.keys (kid, algorithm, content_id, label, period, source, seed_id, wrapped_key, kek_id, checksum, la_url, policy,
      created_at, updated_at, holds_content)
    values ((key->>'kid')::uuid, key->>'algorithm', key->>'content_id', key->>'label', (key->>'period')::bigint, key->>'source',
      key->>'seed_id', decode(key->>'wrapped_key', 'hex'), key->>'kek_id', key->>'checksum', key->>'la_url', key->>'policy',
      moment, moment,
      not exists (
        select from prpack.keys k where k.holds_content and k.content_id = key->>'content_id'
          and coalesce(k.label, '') = coalesce(key->>'label', '') and k.algorithm = key->>'algorithm'
          and coalesce(k.period, -1) = coalesce((key->>'period')::bigint, -1)
      ));
  end $$;

  create function prpack.set_state(the_kid uuid, the_state text, moment timestamptz) returns void language plpgsql as $$
  declare
    before prpack.keys;
  begin
    select * into before from prpack.keys where kid = the_kid;
    update prpack.keys
      set state = the_state, updated_at = moment, version = version + 1, holds_content = holds_content and the_state <> 'revoked'
      where kid = the_kid;
    if before.holds_content and the_state = 'revoked' then
      update prpack.keys set holds_content = true where seq = (
        select min(seq) from prpack.keys k where k.content_id = before.content_id
          and coalesce(k.label, '') = coalesce(before.label, '') and k.algorithm = before.algorithm
          and coalesce(k.period, -1) = coalesce(before.period, -1) and k.state <> 'revoked'
      );
    end if;
  end $$;

  -- Makes the part of a month. Of many that want it at once, one does; entries of other months are written meanwhile.
  create function prpack.make_audit_month(moment timestamptz) returns void language plpgsql as $$
  declare
    first timestamptz := date_trunc('month', moment, 'UTC');
    name text := 'audit_' || to_char(first at time zone 'UTC', 'YYYY_MM');
  begin
    if to_regclass('prpack.' || name) is not null then return; end if;
    perform pg_advisory_xact_lock(1886548077, 0);
    -- Asked of the table: what a session remembers of names may be of before the lock.
    if exists (select from pg_class where relname = name and relnamespace = 'prpack'::regnamespace) then return; end if;
    execute format('create table prpack.%I (like prpack.audit including defaults including indexes)', name);
    execute format('alter table prpack.audit attach partition prpack.%I for values from (%L) to (%L)', name, first,
      (first at time zone 'UTC' + interval '1 month') at time zone 'UTC');
    execute format('create trigger audit_is_never_truncated before truncate on prpack.%I
      execute function prpack.refuse(''the audit is append-only'')', name);
  end $$;

  create function prpack.add_note(note jsonb, the_actor text, moment timestamptz) returns void language plpgsql as $$
  begin
    perform prpack.make_audit_month(moment);
    insert into prpack.audit (at, actor, operation, kid, content_id, checksum, outcome)
    values (moment, the_actor, note->>'operation', (note->>'kid')::uuid, note->>'content_id', note->>'checksum', note->>'outcome');
  end $$;

  create function prpack.write(change jsonb, the_actor text, moment timestamptz) returns void language plpgsql as $$
  declare
    the_kid uuid := (change->>'kid')::uuid;
  begin
    case change->>'kind'
      when 'add' then perform prpack.add_key(change->'key', moment);
      when 'state' then perform prpack.set_state(the_kid, change->>'state', moment);
      when 'output' then
        insert into prpack.outputs (kid, fingerprint, made_from, published_at)
          values (the_kid, change->>'fingerprint', change->>'made_from', moment);
        update prpack.keys set version = version + 1 where kid = the_kid;
      when 'policy' then
        insert into prpack.policies (kid, version, policy, at, actor)
          values (the_kid, (change->>'version')::integer, change->>'policy', moment, the_actor);
        update prpack.keys set version = version + 1, updated_at = moment where kid = the_kid;
      when 'wrap' then
        update prpack.keys
          set version = version + 1, wrapped_key = decode(change->>'wrapped_key', 'hex'), kek_id = change->>'kek_id'
          where kid = the_kid;
      when 'kek' then
        if change->>'wrapped' is not null then
          insert into prpack.wrapped_keks (id, wrapped, created_at) values (change->>'id', change->>'wrapped', moment)
            on conflict (id) do nothing;
        end if;
        update prpack.store set kek_id = change->>'id';
      when 'note' then perform prpack.add_note(change->'note', the_actor, moment);
    end case;
  end $$;

  -- Writes the changes if the outlook is the expected one, and gives their time; else gives what is there.
  create function prpack.change(
    the_actor text, the_kids uuid[], the_slots jsonb, by_keks boolean, expected jsonb, changes jsonb
  ) returns jsonb language plpgsql as $$
  declare
    outlook jsonb;
    moment timestamptz;
    change jsonb;
  begin
    perform prpack.lock_concern(the_kids, the_slots, by_keks);
    outlook := prpack.outlook(the_kids, the_slots, by_keks);
    if outlook is distinct from expected then
      return jsonb_build_object(
        'outlook', outlook,
        'keys', (select coalesce(jsonb_agg(to_jsonb(r)), '[]') from prpack.key_rows r where r.kid = any(the_kids))
      );
    end if;
    perform prpack.be_durable();
    moment := prpack.now();
    for change in select c from jsonb_array_elements(changes) with ordinality as t(c, n) order by n loop
      perform prpack.write(change, the_actor, moment);
    end loop;
    return jsonb_build_object('at', prpack.time_text(moment));
  end $$;

  -- Lines of the audit, each with its actor and its age in milliseconds, for clients have clocks of their own.
  create function prpack.note(lines jsonb) returns void language plpgsql as $$
  declare
    moment timestamptz := prpack.now();
  begin
    perform prpack.be_durable();
    perform prpack.make_audit_month(month) from (
      select distinct date_trunc('month', moment - make_interval(secs => (line->>'age')::double precision / 1000), 'UTC') as month
      from jsonb_array_elements(lines) line) m;
    insert into prpack.audit (at, actor, operation, kid, content_id, checksum, outcome)
      select moment - make_interval(secs => (line->>'age')::double precision / 1000), line->>'actor', line->>'operation',
        (line->>'kid')::uuid, line->>'content_id', line->>'checksum', line->>'outcome'
      from jsonb_array_elements(lines) with ordinality as t(line, n) order by n;
  end $$;

  -- Removes entries of the audit, past the trigger that guards them, and notes that. Months that are over and have no entry left go as a
  -- whole, a week later, as lines may come late.
  create function prpack.prune(the_actor text, ids bigint[]) returns void language plpgsql as $$
  declare
    last_month text := 'audit_' || to_char((prpack.now() - interval '7 days') at time zone 'UTC', 'YYYY_MM');
    part text;
    has_entries boolean;
  begin
    perform pg_advisory_xact_lock(1886548078, 0);
    perform prpack.be_durable();
    perform set_config('prpack.pruning', 'on', true);
    delete from prpack.audit where id = any(ids);
    perform set_config('prpack.pruning', 'off', true);
    perform prpack.add_note('{"operation": "prune", "outcome": "done"}', the_actor, prpack.now());
    for part in select relname from pg_inherits join pg_class c on c.oid = inhrelid
      where inhparent = 'prpack.audit'::regclass and relname < last_month
    loop
      execute format('select exists (select from prpack.%I)', part) into has_entries;
      continue when has_entries;
      lock table only prpack.audit in access exclusive mode; -- before the part, as everybody else does it
      execute format('select exists (select from prpack.%I)', part) into has_entries;
      if not has_entries then execute format('drop table prpack.%I', part); end if;
    end loop;
  end $$;

  -- Tokens of key servers.
  create table prpack.tokens (
    id text primary key check (id ~ '^[0-9a-f]{8}$'),
    name text not null,
    scopes text[] not null,
    content_prefix text,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz
  );
  create trigger tokens_are_only_revoked before update on prpack.tokens for each row
    when (old.revoked_at is not null or (old.id, old.name, old.scopes, old.content_prefix, old.sha256, old.created_at, old.expires_at)
      is distinct from (new.id, new.name, new.scopes, new.content_prefix, new.sha256, new.created_at, new.expires_at))
    execute function prpack.refuse('a token changes by its end alone');

  create view prpack.token_rows as
    select id, name, scopes, content_prefix, sha256, prpack.time_text(created_at) as created_at,
      prpack.time_text(expires_at) as expires_at, prpack.time_text(revoked_at) as revoked_at
    from prpack.tokens;

  -- Requests that the servers of this store have let through for a network in a second, by the clock of the database; nobody misses it after
  -- a crash.
  create unlogged table prpack.request_counts (
    network text primary key,
    second bigint not null,
    taken bigint not null
  );
  -- A slice of what all servers together may let through for a network in this second, and how long the second lasts.
  create function prpack.take_requests(the_network text, wanted bigint, most bigint, out granted bigint, out ends_in_ms double precision)
  language plpgsql as $$
  declare
    taken_now prpack.request_counts;
  begin
    insert into prpack.request_counts as c values (the_network, floor(extract(epoch from clock_timestamp())), wanted)
      on conflict (network) do update set second = greatest(c.second, excluded.second),
        taken = case when c.second < excluded.second then 0 else c.taken end + wanted
      returning * into taken_now;
    granted := greatest(0, least(wanted, most - (taken_now.taken - wanted)));
    ends_in_ms := greatest(0, (taken_now.second + 1 - extract(epoch from clock_timestamp())) * 1000);
    if random() < 0.001 then
      delete from prpack.request_counts where network in (
        select network from prpack.request_counts where second < taken_now.second - 60 for update skip locked);
    end if;
  end $$;
  `,
];
