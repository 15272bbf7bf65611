import { describe, expect, it } from 'vitest'
import { answerIdOf } from '../../src/demo/answer-id.js'
import { Ledger } from '../../src/demo/ledger.js'

const owed = (id: string) => ({ tenantId: 'tenant-1', to: 'someone@s.whatsapp.net', id })

function ledgerOf(...ids: string[]): Ledger {
  const ledger = new Ledger()
  for (const id of ids) ledger.sent(owed(id))
  return ledger
}

describe('the book of messages', () => {
  it('balances only when every message was received and every one answered', () => {
    const ledger = ledgerOf('a', 'b')
    ledger.received('a', 1)
    ledger.confirmed('a')
    ledger.answerArrived(answerIdOf('a'))
    ledger.answerArrived(answerIdOf('b'))
    expect(ledger.isBalanced).toBe(false)
    ledger.received('b', 2)
    expect(ledger.isBalanced).toBe(true)
    expect(ledger).toMatchObject({ sentCount: 2, receivedCount: 2, answerCount: 2, inFlight: 0 })
  })

  it('counts a message that no bot got as lost', () => {
    const ledger = ledgerOf('a', 'b')
    ledger.received('a', 1)
    expect(ledger.lost).toEqual({ messages: 1, answers: 0 })
  })

  it('counts an answer that was confirmed as sent and never arrived as lost', () => {
    const ledger = ledgerOf('a')
    ledger.received('a', 1)
    ledger.confirmed('a')
    expect(ledger.lost).toEqual({ messages: 0, answers: 1 })
    ledger.answerArrived(answerIdOf('a'))
    expect(ledger.lost).toEqual({ messages: 0, answers: 0 })
  })

  it('leaves to the application what the dead host took, did not answer, and nobody was given again', () => {
    const ledger = ledgerOf('answered', 'taken', 'given again', 'waiting')
    for (const id of ['answered', 'taken', 'given again']) ledger.received(id, 1)
    ledger.confirmed('answered')
    ledger.received('given again', 2)
    expect(ledger.owedBy(1)).toEqual([owed('taken')])
    expect(ledger.redelivered).toBe(1)
  })

  it('takes what a bot received before it heard of the sending', () => {
    const ledger = new Ledger()
    ledger.received('a', 1)
    expect(ledger.receivedCount).toBe(0)
    ledger.sent(owed('a'))
    expect(ledger).toMatchObject({ receivedCount: 1, redelivered: 0 })
  })

  it('counts an answer once, however often it arrives', () => {
    const ledger = ledgerOf('a')
    ledger.answerArrived(answerIdOf('a'))
    ledger.answerArrived(answerIdOf('a'))
    expect(ledger.answerCount).toBe(1)
  })
})

describe("an answer's id", () => {
  it('depends on the message alone, so that two hosts give the same', () => {
    expect(answerIdOf('a')).toBe(answerIdOf('a'))
    expect(answerIdOf('a')).not.toBe(answerIdOf('b'))
    expect(answerIdOf('a')).toMatch(/^3EB0[0-9A-F]{18}$/)
  })
})
