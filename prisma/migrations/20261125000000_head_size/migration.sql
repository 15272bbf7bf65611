-- How large the newest backup's session is, and a view that says so. Applied in one transaction.

-- AlterTable
ALTER TABLE "WhatsAppSession" ADD COLUMN     "headBytes" BIGINT,
ADD COLUMN     "headFiles" INTEGER;

-- Columns are added at the end, so that what was granted on the view and what was built on it stays. A session that
-- runs does not write every change into its row; that its backup has failed and is tried again shows in its state.
DO $view$
BEGIN
  IF current_setting('server_version_num')::int >= 150000 THEN
    EXECUTE $sql$
      CREATE OR REPLACE VIEW "WhatsAppSessionBackupStatus" WITH (security_invoker = true) AS
      SELECT "tenantId", "status", "lastBackupAt", now() - "lastBackupAt" AS "backupAge", "unsaved",
        CASE
          WHEN "headSeq" = 0 THEN 'never'
          WHEN "unsaved" > 0 OR "connectionState" LIKE 'backing-up.waiting/%' THEN 'overdue'
          ELSE 'ok'
        END AS "backupStatus",
        "headSeq" AS "generation", "headBytes" AS "bytes", "headFiles" AS "files",
        CASE WHEN "leaseExpiresAt" > now() THEN "leaseOwner" END AS "host", "lastError"
      FROM "WhatsAppSession"
    $sql$;
  END IF;
END
$view$;
