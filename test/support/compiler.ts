import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const entries = [
  'index',
  'testing/index',
  'tokens/index',
  'session/index',
  'browser/index',
  'cli/index',
  'issuer/index',
  'protected-resource/index',
  'dpop/index',
  'introspection/index',
  'mtls/index',
  'redis/index',
  'postgres/index',
] as const

/** The file of `src/` behind an entry of the package. */
export type Entry = (typeof entries)[number]

const configFile = `${root}test/tsconfig.json`

/** Compiles texts as if they were files of `test/`, next to the source, with the tests' own strict settings. */
export function compile(texts: ReadonlyMap<string, string>): ts.Program {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(configFile, (path) => ts.sys.readFile(path)).config,
    ts.sys,
    dirname(configFile),
  )
  // A snippet may show a value without using it.
  const settings = { ...options, noUnusedLocals: false, noUnusedParameters: false }
  const files = new Map([...texts].map(([name, text]) => [`${root}test/${name}`, text]))
  const host = ts.createCompilerHost(settings)
  const disk = { ...host }
  const folders = new Set([...files.keys()].map((path) => dirname(path)))
  host.directoryExists = (path) => folders.has(path) || disk.directoryExists?.(path) === true
  host.fileExists = (path) => files.has(path) || disk.fileExists(path)
  host.readFile = (path) => files.get(path) ?? disk.readFile(path)
  host.getSourceFile = (path, language, ...rest) => {
    const text = files.get(path)
    return text === undefined
      ? disk.getSourceFile(path, language, ...rest)
      : ts.createSourceFile(path, text, language)
  }
  return ts.createProgram(
    [...entries.map((entry) => `${root}src/${entry}.ts`), ...files.keys()],
    settings,
    host,
  )
}

/** Lists what is wrong with a text that was compiled. */
export function faultsOf(program: ts.Program, name: string): readonly string[] {
  const file = program.getSourceFile(`${root}test/${name}`)
  if (file === undefined) throw new Error(`${name} was not compiled`)
  return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
    ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'),
  )
}

/** What the source says about one of its exported names. */
export interface Described {
  readonly name: string
  readonly defaultValue: string | undefined
  /** Names of what it holds in turn. */
  readonly members: readonly string[]
}

/** Reads the public surface out of the source. */
export function surfaceOf(program: ts.Program, entry: Entry) {
  const checker = program.getTypeChecker()
  const file = program.getSourceFile(`${root}src/${entry}.ts`) as ts.SourceFile
  const exports = checker
    .getExportsOfModule(checker.getSymbolAtLocation(file) as ts.Symbol)
    .map((symbol) =>
      symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
    )

  function typeOf(name: string): ts.Type {
    const symbol = exports.find((one) => one.name === name)
    if (symbol === undefined) throw new Error(`${entry} exports no ${name}`)
    return checker.getDeclaredTypeOfSymbol(symbol)
  }

  function describe(type: ts.Type): readonly Described[] {
    return type
      .getProperties()
      .filter((member) => !member.name.startsWith('#') && !isProtected(member))
      .map((member) => ({
        name: member.name,
        defaultValue: defaultOf(member, checker),
        members: checker
          .getTypeOfSymbol(member)
          .getProperties()
          .map(({ name: inner }) => inner),
      }))
  }

  return {
    /** Names of everything that can be imported. */
    names: exports.map(({ name }) => name),
    /** Members of an interface or a class. */
    membersOf: (name: string): readonly Described[] => describe(typeOf(name)),
    /** What a function takes as its `options`: the name of their type, and their members. */
    optionsOf(name: string): { type: string; members: readonly Described[] } | undefined {
      const symbol = exports.find((one) => one.name === name)
      const parameter =
        symbol &&
        checker
          .getTypeOfSymbol(symbol)
          .getCallSignatures()[0]
          ?.getParameters()
          .find((one) => one.name === 'options')
      if (parameter === undefined) return undefined
      const type = checker.getNonNullableType(checker.getTypeOfSymbol(parameter))
      return { type: (type.aliasSymbol ?? type.getSymbol())?.name ?? '', members: describe(type) }
    },
    /** Texts of a union. */
    textsOf: (name: string): readonly string[] =>
      (typeOf(name) as ts.UnionType).types.map((type) => (type as ts.StringLiteralType).value),
    /** Error classes with a code of their own, as [code, class]. */
    errorClasses: (): readonly (readonly [string, string])[] =>
      exports
        .filter(({ name }) => name.endsWith('Error'))
        .flatMap((symbol) => {
          const code = checker.getDeclaredTypeOfSymbol(symbol).getProperty('code')
          const type = code && checker.getTypeOfSymbol(code)
          return type?.isStringLiteral() ? [[type.value, symbol.name] as const] : []
        }),
  }
}

function isProtected({ valueDeclaration }: ts.Symbol): boolean {
  if (valueDeclaration === undefined) return false
  return (ts.getCombinedModifierFlags(valueDeclaration) & ts.ModifierFlags.Protected) !== 0
}

function defaultOf(member: ts.Symbol, checker: ts.TypeChecker): string | undefined {
  const tag = member.getJsDocTags(checker).find(({ name }) => name === 'defaultValue')
  return tag && ts.displayPartsToString(tag.text)
}
