-- The bucket that sessions are kept in, and who may touch what in it. Safe to run again.
--
-- Run it in the SQL editor of the Supabase project (or with psql as postgres). Another bucket than whatsapp-sessions:
-- replace the name everywhere. `session-supervisor setup` makes the bucket through the API but cannot make policies.
--
-- The supervisor itself uses the service key, which passes row level security on a hosted project. The policies say
-- so in plain text, keep it true where service_role has no BYPASSRLS, and give signed-in users their own folder:
-- the first folder of every object is the tenant id.

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values ('whatsapp-sessions', 'whatsapp-sessions', false, 52428800, array['application/json'])
on conflict (id) do update
  set public = false,
      file_size_limit = greatest(storage.buckets.file_size_limit, excluded.file_size_limit),
      allowed_mime_types = excluded.allowed_mime_types;

drop policy if exists "whatsapp-sessions: service role, all objects" on storage.objects;
create policy "whatsapp-sessions: service role, all objects"
  on storage.objects for all to service_role
  using (bucket_id = 'whatsapp-sessions')
  with check (bucket_id = 'whatsapp-sessions');

-- "No backup" is only believed after the bucket has been read with the same key.
drop policy if exists "whatsapp-sessions: service role, read bucket" on storage.buckets;
create policy "whatsapp-sessions: service role, read bucket"
  on storage.buckets for select to service_role
  using (id = 'whatsapp-sessions');

drop policy if exists "whatsapp-sessions: own folder, select" on storage.objects;
create policy "whatsapp-sessions: own folder, select"
  on storage.objects for select to authenticated
  using (bucket_id = 'whatsapp-sessions' and (storage.foldername(name))[1] = (select auth.uid())::text);

drop policy if exists "whatsapp-sessions: own folder, insert" on storage.objects;
create policy "whatsapp-sessions: own folder, insert"
  on storage.objects for insert to authenticated
  with check (bucket_id = 'whatsapp-sessions' and (storage.foldername(name))[1] = (select auth.uid())::text);

drop policy if exists "whatsapp-sessions: own folder, update" on storage.objects;
create policy "whatsapp-sessions: own folder, update"
  on storage.objects for update to authenticated
  using (bucket_id = 'whatsapp-sessions' and (storage.foldername(name))[1] = (select auth.uid())::text)
  with check (bucket_id = 'whatsapp-sessions' and (storage.foldername(name))[1] = (select auth.uid())::text);

-- Without the select policy a delete would silently do nothing.
drop policy if exists "whatsapp-sessions: own folder, delete" on storage.objects;
create policy "whatsapp-sessions: own folder, delete"
  on storage.objects for delete to authenticated
  using (bucket_id = 'whatsapp-sessions' and (storage.foldername(name))[1] = (select auth.uid())::text);
