// How does one sign-in serve pages that the server renders and pages that run in the browser?
//
// Starts an Auth API, which signs users in and has the weather for them, and a web application that
// renders its pages as its user and lets the same components take over in the browser.
import { demoUser, startUnifiedSignIn } from './start.js'

const { url, authApiUrl } = await startUnifiedSignIn({
  port: Number(process.env['PORT'] ?? 3002),
  insecureCookie: process.env['INSECURE_COOKIE'] === '1',
})

console.log(`Web application: ${url}`)
console.log(`Auth API:        ${authApiUrl}`)
console.log(`Sign in as:      ${demoUser.email} / ${demoUser.password}`)
