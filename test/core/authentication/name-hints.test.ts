import { describe, expect, test } from 'vitest'
import { jwtBearer } from 'express-jwt-bearer'
import { audience, issuer, options, setUpError } from '../../support/tokens.js'

const messageOf = (given: object) => setUpError(() => jwtBearer(given)).message

describe('the hints of jwtBearer() for names it does not know', () => {
  test.each([
    ['audiance', 'did you mean "audience"?'],
    ['Authority', 'did you mean "authority"?'],
    ['metadataAdress', 'did you mean "metadataAddress"?'],
    ['clockSkew', 'it belongs inside "tokenValidationParameters"'],
    ['validIssuer', 'it belongs inside "tokenValidationParameters"'],
    ['validateLifeTime', 'did you mean "validateLifetime", inside "tokenValidationParameters"?'],
    ['onTokenValidated', 'it belongs inside "events"'],
    ['onTokenValidate', 'did you mean "onTokenValidated", inside "events"?'],
    ['secret', '"tokenValidationParameters.issuerSigningKey: symmetricKey(…)"'],
    ['secretOrKey', '"tokenValidationParameters.issuerSigningKey: symmetricKey(…)"'],
    ['issuerBaseURL', '"authority"'],
    ['issuerBaseUrl', '"authority"'],
    ['issuer', '"tokenValidationParameters.validIssuer"'],
    ['algorithms', '"tokenValidationParameters.validAlgorithms"'],
    ['clockTolerance', '"tokenValidationParameters.clockSkew"'],
    ['jwksUrl', '"jwksUri"'],
    ['jwksURI', 'did you mean "jwksUri"?'],
    ['dpop', '"proofOfPossession: dpop(…)"'],
    ['requiredScopes', '"requireScope()"'],
    ['credentialsRequired', '"authorize({ optional: true })"'],
    ['somethingElse', 'known are authority, '],
  ])('show what %s is at the top', (name, hint) => {
    const message = messageOf({ [name]: 'a value that is not shown' })
    expect(message).toContain(`"${name}" is not a member of the options of jwtBearer(); `)
    expect(message).toContain(hint)
    expect(message).not.toContain('not shown')
  })

  test.each([
    ['issuer', '"tokenValidationParameters.validIssuer"'],
    ['validIsuer', 'did you mean "validIssuer"?'],
    ['audience', 'it belongs at the top, in the options of jwtBearer()'],
    ['tokenCache', 'it belongs at the top'],
    ['zzz', 'known are validateIssuer, '],
  ])('show what %s is among the parameters', (name, hint) => {
    const message = messageOf(options({ [name]: 'x' }))
    expect(message).toContain(`"${name}" is not a member of "tokenValidationParameters"; `)
    expect(message).toContain(hint)
  })

  test.each([
    ['scheme', 'it belongs at the top'],
    ['clockSkew', 'it belongs inside "tokenValidationParameters"'],
    ['audiences', 'did you mean "audience"?'],
  ])('show what %s is in one of several issuers', (name, hint) => {
    const one = { authority: issuer, audience, [name]: 'x' }
    expect(messageOf({ issuers: [one] })).toContain(hint)
  })

  test('show what belongs beside the events', () => {
    expect(messageOf(options({}, { events: { saveToken: true } as never }))).toContain(
      '"saveToken" is not a member of "events"; it belongs at the top',
    )
  })

  test('quote no more than the beginning of a name', () => {
    expect(messageOf({ ['x'.repeat(1000)]: 1 })).toContain(`"${'x'.repeat(40)}" is not`)
  })
})
