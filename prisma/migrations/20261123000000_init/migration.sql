-- The registry of sessions. Applied in one transaction.

-- CreateTable
CREATE TABLE "Tenant" (
    "id" TEXT NOT NULL,
    "name" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Tenant_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "WhatsAppSession" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "tenantId" TEXT NOT NULL,
    "phoneNumber" TEXT,
    "qrCode" TEXT,
    "status" TEXT NOT NULL DEFAULT 'DISCONNECTED',
    "connectionState" TEXT NOT NULL DEFAULT '',
    "authStatePath" TEXT,
    "lastBackupAt" TIMESTAMPTZ(3),
    "lastConnectedAt" TIMESTAMPTZ(3),
    "lastDisconnectedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "desiredState" TEXT NOT NULL DEFAULT 'stopped',
    "unsaved" INTEGER NOT NULL DEFAULT 0,
    "lastError" TEXT,
    "leaseOwner" TEXT,
    "leaseEpoch" INTEGER NOT NULL DEFAULT 0,
    "leaseExpiresAt" TIMESTAMPTZ(3),
    "headSeq" INTEGER NOT NULL DEFAULT 0,
    "headEpoch" INTEGER,
    "headKey" TEXT,
    "headDigest" TEXT,
    "headTree" TEXT,
    "headSnapshotSeq" INTEGER,
    "headMarks" JSONB,

    CONSTRAINT "WhatsAppSession_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "WhatsAppSession_tenantId_key" ON "WhatsAppSession"("tenantId");

-- CreateIndex
CREATE UNIQUE INDEX "WhatsAppSession_phoneNumber_key" ON "WhatsAppSession"("phoneNumber");

-- CreateIndex
CREATE INDEX "WhatsAppSession_status_idx" ON "WhatsAppSession"("status");

-- CreateIndex
CREATE INDEX "WhatsAppSession_tenantId_idx" ON "WhatsAppSession"("tenantId");

-- CreateIndex
CREATE INDEX "WhatsAppSession_lastBackupAt_idx" ON "WhatsAppSession"("lastBackupAt");

-- AddForeignKey
ALTER TABLE "WhatsAppSession" ADD CONSTRAINT "WhatsAppSession_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Heartbeats rewrite every held row; free room in its page keeps such an update off the indexes.
ALTER TABLE "WhatsAppSession" SET (fillfactor = 80);

-- Supabase serves the schema `public` to the world through its API. Row level security with no policy refuses every
-- role but the owner and those that bypass it, whatever was granted to them.
ALTER TABLE "Tenant" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "WhatsAppSession" ENABLE ROW LEVEL SECURITY;
ALTER TABLE IF EXISTS "_prisma_migrations" ENABLE ROW LEVEL SECURITY;

-- For people and dashboards: is every session backed up? Without security_invoker (PostgreSQL 15) a view would show
-- to everybody what row level security hides, so older servers get none.
DO $view$
BEGIN
  IF current_setting('server_version_num')::int >= 150000 THEN
    EXECUTE $sql$
      CREATE VIEW "WhatsAppSessionBackupStatus" WITH (security_invoker = true) AS
      SELECT "tenantId", "status", "lastBackupAt", now() - "lastBackupAt" AS "backupAge", "unsaved",
        CASE WHEN "headSeq" = 0 THEN 'never' WHEN "unsaved" > 0 THEN 'overdue' ELSE 'ok' END AS "backupStatus"
      FROM "WhatsAppSession"
    $sql$;
  END IF;
END
$view$;
