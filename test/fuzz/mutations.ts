import fc from 'fast-check'

/** One change to a text. */
export type Mutation = (text: string) => string

const oddCharacter = fc.constantFrom(
  ...[
    '=',
    '+',
    '/',
    '-',
    '_',
    '.',
    ' ',
    '\t',
    ',',
    '"',
    '\\',
    '%',
    '\u0000',
    'é',
    '\uFEFF',
    '𝐀',
    'A',
  ],
)

const at = fc.nat({ max: 4000 })

/** Changes that keep most of a text, so that what is behind the first check is reached as well. */
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(at, oddCharacter).map(([index, character]) => (text: string) => {
    const place = index % (text.length + 1)
    return text.slice(0, place) + character + text.slice(place)
  }),
  fc.tuple(at, oddCharacter).map(([index, character]) => (text: string) => {
    const place = index % (text.length + 1)
    return text.slice(0, place) + character + text.slice(place + 1)
  }),
  fc.tuple(at, at).map(([from, length]) => (text: string) => {
    const place = from % (text.length + 1)
    return text.slice(0, place) + text.slice(place + 1 + (length % 8))
  }),
  fc.constant((text: string) => text.split('.').reverse().join('.')),
  fc.constant((text: string) => `${text}.${text}`),
  fc.constant((text: string) => text.slice(0, text.lastIndexOf('.') + 1)),
  fc.constant((text: string) => `${text}==`),
  fc.constant((text: string) => text.toUpperCase()),
  at.map((length) => (text: string) => text.slice(0, length % (text.length + 1))),
)

/** None, mostly; else up to three changes one after the other. */
export const mutations: fc.Arbitrary<readonly Mutation[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 2, arbitrary: fc.array(mutation, { minLength: 1, maxLength: 3 }) },
)

/** Makes the changes. */
export function mutate(text: string, changes: readonly Mutation[]): string {
  return changes.reduce((changed, change) => change(changed), text)
}
