-- Hosts that share tenants. Applied in one transaction.

-- AlterTable
ALTER TABLE "WhatsAppSession" ADD COLUMN     "endedAt" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "SessionHost" (
    "owner" TEXT NOT NULL,
    "capacity" INTEGER,
    "joinedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "SessionHost_pkey" PRIMARY KEY ("owner")
);

-- As the other tables: Supabase serves the schema `public` to the world, and no policy refuses every role but the
-- owner and those that bypass row level security.
ALTER TABLE "SessionHost" ENABLE ROW LEVEL SECURITY;
