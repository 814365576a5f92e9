import type { AuthInfo as ClientAuthInfo } from '@modelcontextprotocol/client'
import type { AuthInfo as SdkAuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'
import express from 'express'
import {
  mcpAuthInfo,
  protectedResourceMetadata,
  type AuthInfo,
} from 'express-jwt-bearer/protected-resource'
import { describe, expectTypeOf, test } from 'vitest'

describe('mcpAuthInfo', () => {
  test('gives what both generations of the MCP SDK hand to tools', () => {
    expectTypeOf(mcpAuthInfo).returns.toEqualTypeOf<AuthInfo | undefined>()
    expectTypeOf<AuthInfo>().toExtend<SdkAuthInfo>()
    expectTypeOf<AuthInfo>().toExtend<ClientAuthInfo>()
  })
})

describe('protectedResourceMetadata', () => {
  test('makes a handler that Express takes', () => {
    const options = { resource: 'https://a.example', authorizationServers: ['https://idp.test'] }
    const resource = protectedResourceMetadata(options)
    express().use(resource).use('/gateway', resource)
    expectTypeOf(resource.resource).toEqualTypeOf<string>()
    expectTypeOf(resource.document.authorization_servers).toEqualTypeOf<readonly string[]>()
    // @ts-expect-error The handler says what was published; nothing can be changed later.
    resource.metadataUrl = ''
  })

  test('needs the resource and its issuers', () => {
    // @ts-expect-error There is no authorization server.
    protectedResourceMetadata({ resource: 'https://a.example' })
    // @ts-expect-error There is no resource.
    protectedResourceMetadata({ authorizationServers: ['https://idp.test'] })
  })
})
