import { decideRotation, type RefreshRecord } from 'express-jwt-bearer/issuer'
import { describe, expect, test } from 'vitest'

const at = (seconds: number) => new Date(1_700_000_000_000 + seconds * 1000)

function record(
  given: Partial<RefreshRecord> = {},
  family: Partial<RefreshRecord['family']> = {},
): RefreshRecord {
  return {
    family: {
      id: 'session',
      subject: 'alice',
      clientId: 'app',
      claims: {},
      meta: {},
      createdAt: at(0),
      lastUsedAt: at(0),
      expiresAt: at(1000),
      revokedAt: undefined,
      ...family,
    },
    idleExpiresAt: at(500),
    rotatedAt: undefined,
    sealedSuccessor: undefined,
    successorUsed: false,
    now: at(100),
    ...given,
  }
}

const rotated = { rotatedAt: at(90), sealedSuccessor: 'sealed' }

describe('decideRotation', () => {
  test.each([
    ['the current token', record(), 'rotate'],
    ['the last moment of its idle time', record({ now: at(499.999) }), 'rotate'],
    ['the end of its idle time', record({ now: at(500) }), 'expired'],
    [
      'the last moment of its session',
      record({ idleExpiresAt: at(1000), now: at(999.999) }),
      'rotate',
    ],
    ['the end of its session', record({ idleExpiresAt: at(2000), now: at(1000) }), 'expired'],
    ['a rotated token within the window', record(rotated), 'replay'],
    ['the last moment of the window', record({ ...rotated, now: at(109.999) }), 'replay'],
    ['the end of the window', record({ ...rotated, now: at(110) }), 'reuseDetected'],
    [
      'a rotated token whose idle time ended within the window',
      record({ ...rotated, idleExpiresAt: at(95) }),
      'replay',
    ],
    ['a rotated token after its idle time', record({ ...rotated, now: at(500) }), 'expired'],
    ['a rotated token just before that', record({ ...rotated, now: at(499.999) }), 'reuseDetected'],
    [
      'a rotated token whose successor is in use',
      record({ ...rotated, successorUsed: true }),
      'replayLate',
    ],
    ['a rotated token whose successor was pruned', record({ rotatedAt: at(90) }), 'replayLate'],
    [
      'a successor in use, after the window',
      record({ ...rotated, successorUsed: true, now: at(110) }),
      'reuseDetected',
    ],
    [
      'the current token of a revoked session',
      record({}, { revokedAt: at(99) }),
      'revokedPresented',
    ],
    [
      'a rotated token of a revoked session, within the window',
      record(rotated, { revokedAt: at(99) }),
      'revokedPresented',
    ],
    [
      'a rotated token of a revoked session, after it',
      record({ ...rotated, now: at(300) }, { revokedAt: at(99) }),
      'revokedPresented',
    ],
    [
      'a rotated token after the end of its session',
      record({ ...rotated, now: at(1000) }),
      'expired',
    ],
    ['no record', undefined, 'unknown'],
  ] as const)('decides on %s', (_case, given, decision) => {
    expect(decideRotation(given, { reuseInterval: 20 })).toBe(decision)
  })

  test('refuses another client before it looks at anything else', () => {
    const stolen = record({ ...rotated, now: at(300) }, { revokedAt: at(99) })
    expect(decideRotation(stolen, { reuseInterval: 20, clientId: 'other' })).toBe('clientMismatch')
    expect(decideRotation(record(), { reuseInterval: 20, clientId: 'app' })).toBe('rotate')
  })

  test('knows no window when the interval is 0', () => {
    const twin = record({ ...rotated, now: at(90) })
    expect(decideRotation(twin, { reuseInterval: 0 })).toBe('reuseDetected')
  })
})
