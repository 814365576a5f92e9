// Compares the public surface of every entry in package.json with its report in this folder.
// `npm run api` fails when they differ; `npm run api -- --local` rewrites the reports.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor'

const root = new URL('../../', import.meta.url)
const inRoot = (path: string) => fileURLToPath(new URL(path, root))

const settingsPath = inRoot('test/api/api-extractor.json')
const settings = ExtractorConfig.loadFile(settingsPath)
const localBuild = process.argv.includes('--local')

const packageJson = JSON.parse(readFileSync(inRoot('package.json'), 'utf8')) as {
  exports: Record<string, string | { types: string }>
}

for (const [subpath, target] of Object.entries(packageJson.exports)) {
  if (typeof target === 'string') continue
  const reportFileName = `${subpath === '.' ? 'index' : subpath.slice(2)}.api.md`
  const config = ExtractorConfig.prepare({
    configObject: {
      ...settings,
      mainEntryPointFilePath: inRoot(target.types),
      apiReport: { enabled: true, ...settings.apiReport, reportFileName },
    },
    configObjectFullPath: settingsPath,
    packageJsonFullPath: inRoot('package.json'),
  })
  const { succeeded } = Extractor.invoke(config, { localBuild })
  console.log(`${succeeded ? 'same' : 'CHANGED'}: ${reportFileName}`)
  if (!succeeded) process.exitCode = 1
}
