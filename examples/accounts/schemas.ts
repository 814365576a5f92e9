import { z } from 'zod'

// Hashing takes longer for longer passwords, so there is an end to them.
const password = z
  .string()
  .refine((text) => Buffer.byteLength(text) <= 1024, 'Must be at most 1024 bytes long')
const email = z.string().trim().max(254).pipe(z.email())
const name = z.string().trim().max(300)

export const registration = z.object({
  firstName: name.optional(),
  lastName: name.optional(),
  email,
  password: password.min(8, 'Must be at least 8 characters long'),
  phoneNumber: z
    .string()
    .trim()
    .regex(/^\+?[\d ()/-]{3,20}$/, 'Must be a phone number')
    .optional(),
})

export const credentials = z.object({ email: z.string().trim().max(254), password })

export const presentedToken = z.object({ refreshToken: z.string().min(1).max(1000) })
