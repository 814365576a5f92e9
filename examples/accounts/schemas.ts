import { z } from 'zod'

// Hashing takes longer for longer passwords, so there is an end to them.
const password = z
  .string()
  .refine((text) => Buffer.byteLength(text) <= 1024, 'Must be at most 1024 bytes long')
// PostgreSQL keeps no NUL, and nothing keeps half a surrogate pair.
const line = z
  .string()
  .trim()
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'Must be one line of text')
// ASCII alone, so that this and the database agree on which addresses are the same.
const email = line.max(254).pipe(z.email())
const name = line.max(300)

export const registration = z.object({
  firstName: name.nullish(),
  lastName: name.nullish(),
  email,
  password: password.min(8, 'Must be at least 8 characters long'),
  phoneNumber: z
    .string()
    .trim()
    .regex(/^\+?[\d ()./-]{3,20}$/, 'Must be a phone number')
    .nullish(),
})

export const credentials = z.object({ email, password })
export type Credentials = z.output<typeof credentials>

// Whatever the text is, the issuer says what becomes of it.
export const presentedToken = z.object({ refreshToken: z.string() })
