// The import table of docs/architecture.md, checked. A package may use those listed, through their index only.
const mayImport = {
  isa: [],
  core: ['isa'],
  vmm: ['isa', 'core'],
  devices: ['core'],
  machine: ['isa', 'core', 'vmm', 'devices'],
  cli: ['isa', 'core', 'vmm', 'devices', 'machine'],
};

const layers = Object.entries(mayImport).map(([name, allowed]) => ({
  name: `layer-${name}`,
  comment: `${name} imports ${allowed.join(', ') || 'nothing'} of the workspace (docs/architecture.md)`,
  severity: 'error',
  from: { path: `^packages/${name}/src/` },
  to: { path: '^(packages|apps)/', pathNot: `^packages/(${[name, ...allowed].join('|')})/` },
}));

export default {
  forbidden: [
    ...layers,
    {
      name: 'layer-web',
      comment: 'the page uses machine alone',
      severity: 'error',
      from: { path: '^apps/web/src/' },
      to: { path: '^packages/', pathNot: '^packages/machine/' },
    },
    {
      name: 'ports-are-types',
      comment: 'devices know core through its port types only',
      severity: 'error',
      from: { path: '^packages/devices/src/' },
      to: { path: '^packages/core/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'front-door',
      comment: "another package is imported through its index, as a user's program would",
      severity: 'error',
      from: { path: '^(packages|apps)/([^/]+)/src/' },
      to: { path: '^packages/([^/]+)/', pathNot: '^packages/($2/|[^/]+/src/index\\.ts$)' },
    },
    {
      name: 'node-in-cli-only',
      comment: 'all packages but the command run in a browser',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/src/', pathNot: '^packages/cli/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'nothing-in-isa',
      comment: 'isa depends on no library',
      severity: 'error',
      from: { path: '^packages/isa/src/' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-peer', 'npm-optional', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'declared',
      comment: 'a package lists what it imports as a dependency',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-cycles',
      comment: 'types may refer to each other, code may not go in circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(packages|apps)/[^/]+/(bin|dist|test)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@trapline/source', 'import', 'types', 'default'],
      extensions: ['.ts', '.js', '.mjs'],
    },
  },
};
