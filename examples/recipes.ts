// Which options does my identity provider need?
//
// Copy the function of yours. Each leaves to the provider's own document where the keys are and how its
// tokens spell their issuer, and says here what only you can know.

import {
  buildPolicy,
  nestedClaim,
  type AuthorizationPolicy,
  type JwtBearerOptions,
} from 'express-jwt-bearer'

/** Microsoft Entra ID, one tenant, version 2 tokens (`accessTokenAcceptedVersion: 2` in the manifest of the API). */
export function entraId(tenantId: string, clientId: string): JwtBearerOptions {
  return {
    authority: `https://login.microsoftonline.com/${tenantId}/v2.0`,
    audience: clientId,
  }
}

/** Microsoft Entra ID, one tenant, version 1 tokens: another issuer, and the App ID URI for an audience. */
export function entraIdVersion1(tenantId: string, appIdUri: string): JwtBearerOptions {
  return {
    // Not `authority`: this document names an issuer at another address, https://sts.windows.net/….
    metadataAddress: `https://login.microsoftonline.com/${tenantId}/.well-known/openid-configuration`,
    audience: appIdUri,
    tokenValidationParameters: {
      validIssuer: `https://sts.windows.net/${tenantId}/`,
    },
  }
}

/**
 * Microsoft Entra ID, any number of tenants, version 2 tokens. The keys are the same for all tenants, so
 * anybody's tenant can make a token for your API: let in the tenants that are your customers.
 */
export function entraIdManyTenants(
  clientId: string,
  isCustomer: (tenantId: string) => boolean | Promise<boolean>,
): JwtBearerOptions {
  return {
    // The issuer in this document has a gap, https://login.microsoftonline.com/{tenantid}/v2.0, for the
    // `tid` claim. Validators run after the signature was checked, so `tid` is what Microsoft wrote.
    metadataAddress:
      'https://login.microsoftonline.com/organizations/v2.0/.well-known/openid-configuration',
    audience: clientId,
    tokenValidationParameters: {
      issuerValidator: (iss, { payload: { tid } }) =>
        typeof tid === 'string' &&
        iss === `https://login.microsoftonline.com/${tid}/v2.0` &&
        isCustomer(tid),
    },
  }
}

/** Tokens of Entra ID that an app got for itself: no user and no scopes, but app roles (`roles`). */
export const appOnly: AuthorizationPolicy = buildPolicy((policy) =>
  policy.requireAssertion(({ user }) =>
    user.hasClaim('idtyp') ? user.hasClaim('idtyp', 'app') : !user.hasClaim('scp'),
  ),
)

/** Tokens of Entra ID that an app got in the name of a user: with scopes (`scp`). */
export const delegated: AuthorizationPolicy = buildPolicy((policy) =>
  policy.requireClaim('scp').requireAssertion(({ user }) => !user.hasClaim('idtyp', 'app')),
)

/** Auth0. With "Add Permissions in the Access Token", ask for `requireClaim('permissions', 'orders:read')`. */
export function auth0(domain: string, apiIdentifier: string): JwtBearerOptions {
  return {
    authority: `https://${domain}`,
    audience: apiIdentifier,
  }
}

/** Okta, a custom authorization server such as `default`. Its groups claim, if you add one, serves as roles. */
export function okta(domain: string, server: string, audience: string): JwtBearerOptions {
  return {
    authority: `https://${domain}/oauth2/${server}`,
    audience,
    tokenValidationParameters: {
      nameClaimType: 'sub',
      roleClaimType: 'groups',
    },
  }
}

/** Keycloak. The client of your API becomes an audience by an "Audience" mapper in a client scope. */
export function keycloak(realmUrl: string, clientId: string): JwtBearerOptions {
  return {
    authority: realmUrl,
    audience: clientId,
    tokenValidationParameters: {
      nameClaimType: 'preferred_username',
      roleClaimType: nestedClaim('realm_access', 'roles'),
    },
  }
}

/** Auth0, a permission of "Add Permissions in the Access Token". */
export function auth0Permission(name: string): AuthorizationPolicy {
  return buildPolicy((policy) => policy.requireClaim('permissions', name))
}

/** Keycloak, several realms of one server under one scheme. Each has its keys, its issuer and its roles. */
export function keycloakRealms(
  serverUrl: string,
  realms: readonly string[],
  clientId: string,
): JwtBearerOptions {
  return {
    issuers: realms.map((realm) => {
      const { authority, audience, tokenValidationParameters } = keycloak(
        `${serverUrl}/realms/${realm}`,
        clientId,
      )
      return { authority, audience, tokenValidationParameters }
    }),
  }
}

/** Amazon Cognito, access tokens of a user pool: they name the client they were made for and no audience. */
export function cognito(region: string, userPoolId: string, clientId: string): JwtBearerOptions {
  return {
    authority: `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`,
    tokenValidationParameters: {
      // ID tokens carry the same signature; `token_use` tells them apart.
      audienceValidator: (_audiences, { payload }) =>
        payload['token_use'] === 'access' && payload['client_id'] === clientId,
      nameClaimType: 'username',
      roleClaimType: 'cognito:groups',
    },
  }
}

/** Google, ID tokens: Google's access tokens are no JWTs. For one Workspace, ask for `requireClaim('hd', 'example.com')`. */
export function google(clientId: string): JwtBearerOptions {
  return {
    authority: 'https://accounts.google.com',
    audience: clientId,
    // Some tokens leave out the https:// that the document has.
    tokenValidationParameters: { validIssuer: 'accounts.google.com' },
  }
}
