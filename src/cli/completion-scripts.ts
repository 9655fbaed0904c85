/** Completion scripts: words, and nothing that is run. */

export interface WordOption {
  readonly flag: string;
  readonly about: string;
  readonly takesValue: boolean;
  /** The possible values, where they are known. */
  readonly values: readonly string[];
  readonly isFile: boolean;
}

/** A verb. */
export interface Word {
  readonly name: string;
  readonly about: string;
  /** The possible values of its first argument, where they are known. */
  readonly arguments: readonly string[];
  readonly options: readonly WordOption[];
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const functionName = (program: string) => `_${program.replace(/\W/g, '_')}`;

export function bash(program: string, verbs: readonly Word[]): string {
  const values = verbs.flatMap(({ name, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map(({ flag, isFile, values: known }) => {
        const offer = isFile ? 'compopt -o default 2>/dev/null' : `words=${quoted(known.join(' '))}`;
        return `    '${name} ${flag}') ${offer} ;;`;
      }),
  );
  const words = verbs.map(({ name, options, arguments: given }) => {
    const all = [...given, ...options.map(({ flag }) => flag)];
    return `    '${name} '*) words=${quoted(all.join(' '))} ;;`;
  });
  return `${functionName(program)}() {
  local current=\${COMP_WORDS[COMP_CWORD]} words= word
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    words=${quoted([...verbs.map(({ name }) => name), '--help'].join(' '))}
  else case "\${COMP_WORDS[1]} \${COMP_WORDS[COMP_CWORD-1]}" in
${[...values, ...words].join('\n')}
  esac fi
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$current")
}
complete -F ${functionName(program)} ${program}`;
}

export function zsh(program: string, verbs: readonly Word[]): string {
  const plain = (text: string) => text.replace(/[[\]:\\]/g, '\\$&');
  const described = verbs.map(({ name, about }) => `    ${quoted(`${name}:${plain(about)}`)}`);
  const cases = verbs.map(({ name, options, arguments: given }) => {
    const flags = options.map(({ flag, about, takesValue, isFile, values }) => {
      const value = isFile ? '_files' : `(${values.join(' ')})`;
      return quoted(`${flag}[${plain(about)}]${takesValue ? `:value:${value}` : ''}`);
    });
    const first = given.length > 0 ? [quoted(`1:argument:(${given.join(' ')})`)] : [];
    return `    ${name}) _arguments ${[...flags, ...first].join(' ')} ;;`;
  });
  return `#compdef ${program}
${functionName(program)}() {
  local -a verbs=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe verb verbs
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = ${quoted(functionName(program))} ] || [ "$funcstack[1]" = ${quoted(`_${program}`)} ]; then
  ${functionName(program)} "$@"
else
  compdef ${functionName(program)} ${program}
fi`;
}

export function fish(program: string, verbs: readonly Word[]): string {
  const escaped = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;
  const lines = verbs.flatMap(({ name, about, options, arguments: given }) => {
    const within = `complete -c ${program} -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c ${program} -n __fish_use_subcommand -a ${name} -d ${escaped(about)}`,
      ...(given.length > 0 ? [`${within} -a ${escaped(given.join(' '))}`] : []),
      ...options.map(({ flag, about: what, takesValue, isFile, values }) => {
        const value = isFile ? ' -r -F' : ` -x${values.length > 0 ? ` -a ${escaped(values.join(' '))}` : ''}`;
        return `${within} -l ${flag.slice(2)} -d ${escaped(what)}${takesValue ? value : ''}`;
      }),
    ];
  });
  return [`complete -c ${program} -f`, ...lines].join('\n');
}
