import { createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { CompactSign } from 'jose'
import { describe, expect, test } from 'vitest'
import { prepareMac } from '../../../src/core/validation/mac.js'

const hashes = ['sha256', 'sha384', 'sha512'] as const

// RFC 4231 sections 4.2 and 4.7: a key shorter than a block, and one that is longer than every block.
const vectors = [
  {
    hash: 'sha256',
    secret: Buffer.alloc(20, 0x0b),
    text: 'Hi There',
    mac: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  },
  {
    hash: 'sha256',
    secret: Buffer.alloc(131, 0xaa),
    text: 'Test Using Larger Than Block-Size Key - Hash Key First',
    mac: '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  },
  {
    hash: 'sha512',
    secret: Buffer.alloc(131, 0xaa),
    text: 'Test Using Larger Than Block-Size Key - Hash Key First',
    mac: '80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598',
  },
]

describe('prepareMac', () => {
  test.each(vectors)('agrees with RFC 4231: $hash, $secret.length bytes', (vector) => {
    const isMac = prepareMac(vector.hash, vector.secret)
    const mac = Buffer.from(vector.mac, 'hex')
    expect(isMac(vector.text, mac.toString('base64url'))).toBe(true)
  })

  test.each(['HS256', 'HS384', 'HS512'])('agrees with jose: %s', async (alg) => {
    const secret = randomBytes(64)
    const signer = new CompactSign(Buffer.from('{"sub":"1"}')).setProtectedHeader({ alg })
    const jws = await signer.sign(secret)
    const end = jws.lastIndexOf('.')
    const isMac = prepareMac(alg.replace('HS', 'sha'), secret)
    expect(isMac(jws.slice(0, end), jws.slice(end + 1))).toBe(true)
  })

  test('agrees with createHmac for every secret and text, one check after the other', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...hashes),
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc.integer({ min: 0, max: 5000 }),
        fc.integer({ min: 0, max: 5000 }),
        (hash, secret, ...lengths) => {
          const isMac = prepareMac(hash, Buffer.from(secret))
          for (const length of lengths) {
            const text = randomBytes(length).toString('base64url').slice(0, length)
            const mac = createHmac(hash, secret).update(text).digest('base64url')
            expect(isMac(text, mac)).toBe(true)
            expect(isMac(`${text}A`, mac)).toBe(false)
          }
        },
      ),
    )
  })

  test('keeps secrets apart that are used in turn', () => {
    const secrets = ['sha256', 'sha512', 'sha256'].map((hash) => ({
      hash,
      secret: randomBytes(64),
    }))
    const checks = secrets.map(({ hash, secret }) => prepareMac(hash, secret))
    const macs = secrets.map(({ hash, secret }) =>
      createHmac(hash, secret).update('text').digest('base64url'),
    )
    const judged = [...checks, ...checks].map((isMac) => macs.map((mac) => isMac('text', mac)))
    const own = checks.map((_, index) => macs.map((_mac, other) => other === index))
    expect(judged).toEqual([...own, ...own])
  })

  test.each(hashes)('finds no other text good, wherever it differs: %s', (hash) => {
    const secret = randomBytes(64)
    const isMac = prepareMac(hash, secret)
    const mac = createHmac(hash, secret).update('text').digest('base64url')
    const others = Array.from(mac, (letter, index) => {
      const other = letter === 'A' ? 'E' : 'A'
      return `${mac.slice(0, index)}${other}${mac.slice(index + 1)}`
    })
    expect(isMac('text', mac)).toBe(true)
    expect(others.filter((other) => isMac('text', other))).toEqual([])
  })

  test.each(['', 'A', 'shorter by one', 'longer by one', 'of another hash'])(
    'finds none good of another length: %j',
    (kind) => {
      const secret = randomBytes(64)
      const isMac = prepareMac('sha256', secret)
      const mac = createHmac('sha256', secret).update('text').digest('base64url')
      const other: Record<string, string> = {
        'shorter by one': mac.slice(0, -1),
        'longer by one': `${mac}A`,
        'of another hash': createHmac('sha512', secret).update('text').digest('base64url'),
      }
      expect(isMac('text', other[kind] ?? kind)).toBe(false)
    },
  )
})
