import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { createTestCertificate } from 'express-jwt-bearer/testing'
import { describe, expect, test } from 'vitest'

describe('createTestCertificate', () => {
  test('makes a certificate that signs itself, with its key', () => {
    const made = createTestCertificate()
    const read = new X509Certificate(made.certificate)
    expect(read.subject).toBe('CN=client.test')
    expect(read.verify(read.publicKey)).toBe(true)
    expect(read.checkPrivateKey(createPrivateKey(made.key))).toBe(true)
    expect(Date.parse(read.validFrom)).toBeLessThan(Date.now())
    expect(Date.parse(read.validTo)).toBeGreaterThan(Date.now())
    expect(read.raw.equals(made.der)).toBe(true)
    expect(made.thumbprint).toBe(createHash('sha256').update(read.raw).digest('base64url'))
    expect(made.header).toBe(`:${read.raw.toString('base64')}:`)
  })

  test.each([
    ['a short name', 'x', 3600],
    ['a long name', 'x'.repeat(200), 3600],
    ['an end in the past', 'x', -3600],
    ['an end after 2050', 'x', 100 * 365 * 86_400],
  ])('takes %s', (_name, subject, expiresIn) => {
    const {
      validFrom,
      validTo,
      subject: read,
    } = new X509Certificate(createTestCertificate({ subject, expiresIn }).certificate)
    expect(read).toBe(`CN=${subject}`)
    expect(Date.parse(validTo) - Date.now()).toBeLessThanOrEqual(expiresIn * 1000)
    expect(Date.parse(validFrom)).toBeLessThan(Date.parse(validTo))
  })

  test('makes another one each time', () => {
    expect(createTestCertificate().thumbprint).not.toBe(createTestCertificate().thumbprint)
  })
})
