import { safeReturnUrl as inBrowser } from 'express-jwt-bearer/browser'
import { safeReturnUrl as onServer } from 'express-jwt-bearer/session'
import { describe, expect, test } from 'vitest'
import { acceptedReturnUrls, refusedReturnUrls } from '../support/return-urls.js'

describe('safeReturnUrl', () => {
  test('is the same function on both sides', () => {
    expect(inBrowser).toBe(onServer)
  })

  test.each(refusedReturnUrls)('goes to the fallback instead of %s', (_what, value) => {
    expect(inBrowser(value)).toBe('/')
    expect(inBrowser(value, { fallback: '/home' })).toBe('/home')
  })

  test.each(acceptedReturnUrls)('gives back %s unchanged', (_what, value) => {
    expect(inBrowser(value, {})).toBe(value)
    expect(inBrowser(value, { fallback: undefined, deny: undefined })).toBe(value)
  })

  test('refuses the paths it is given instead of the usual ones', () => {
    expect(inBrowser('/sign-in', { deny: ['/sign-in'] })).toBe('/')
    expect(inBrowser('/login', { deny: ['/sign-in'] })).toBe('/login')
  })
})
