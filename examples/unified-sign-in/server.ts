// How does one sign-in serve pages that the server renders and pages that run in the browser?
//
// Starts an Auth API, which signs users in and has the weather for them, and a web application that
// renders its pages as its user and lets the same components take over in the browser.
//
//   npm run example:unified-sign-in
//
// PORT                   of the web application, 3002 by default
// ACCESS_TOKEN_LIFETIME  in seconds, 600 by default; with 5 one can watch tokens being refreshed
// INSECURE_COOKIE=1      for browsers that refuse Secure cookies on http, such as Safari
import { demoUser, startUnifiedSignIn } from './start.js'

const port = readNumber('PORT', 3002, [0, 65_535])

try {
  const { url, authApiUrl } = await startUnifiedSignIn({
    port,
    accessTokenLifetime: readNumber('ACCESS_TOKEN_LIFETIME', 600, [1, 86_400]),
    insecureCookie: process.env['INSECURE_COOKIE'] === '1',
  })
  console.log(`Web application: ${url}`)
  console.log(`Auth API:        ${authApiUrl}`)
  console.log(`Sign in as:      ${demoUser.email} / ${demoUser.password}`)
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
  giveUp(`Port ${port} is taken: set PORT to another one, such as PORT=${port + 1}`)
}

function readNumber(name: string, fallback: number, [least, most]: [number, number]): number {
  const text = process.env[name]
  if (text === undefined) return fallback
  const value = Number(text)
  const isGood = text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most
  return isGood ? value : giveUp(`${name} must be a number from ${least} to ${most}, got "${text}"`)
}

function giveUp(message: string): never {
  console.error(message)
  process.exit(1)
}
