import type { SignalDataTypeMap, SignalKeyStoreWithTransaction } from '@whiskeysockets/baileys'

/** Keys of a simulated phone. Its operations run one after another, so a transaction is just the work. */
export function memoryKeys(): SignalKeyStoreWithTransaction {
  const values = new Map<string, unknown>()
  return {
    isInTransaction: () => true,
    transaction: (work) => work(),
    get: <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
      const found: { [id: string]: SignalDataTypeMap[T] } = {}
      for (const id of ids) {
        const value = values.get(`${type}:${id}`)
        if (value !== undefined) found[id] = value as SignalDataTypeMap[T]
      }
      return found
    },
    set: (data) => {
      for (const [type, byId] of Object.entries(data)) {
        for (const [id, value] of Object.entries(byId)) {
          if (value === null || value === undefined) values.delete(`${type}:${id}`)
          else values.set(`${type}:${id}`, value)
        }
      }
    },
  }
}
