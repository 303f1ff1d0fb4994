/** A Containerfile as data, and as a shell script that does the same where no builder exists. */

export interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** Comments left out, continued lines joined. */
export const instructionsOf = (text: string): Instruction[] =>
  text
    .replace(/^#.*\n/gm, '')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name, rest] = /^([A-Z]+)\s+(.*)$/.exec(line)!;
      return { name: name!, text: rest!.trim() };
    });

/** What the last stage runs as, where, and how; exec forms alone. */
export function imageOf(instructions: readonly Instruction[]) {
  const last = (name: string): string => instructions.findLast((one) => one.name === name)?.text ?? '';
  return {
    user: last('USER'),
    folder: last('WORKDIR'),
    entrypoint: JSON.parse(last('ENTRYPOINT')) as readonly string[],
    command: JSON.parse(last('CMD')) as readonly string[],
    environment: instructions.filter(({ name }) => name === 'ENV').map(({ text }) => text),
  };
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

export interface Ground {
  /** The checkout that is copied from. */
  readonly context: string;
  /** The Node that the base images have. */
  readonly node: string;
  /** An empty folder, on a file system that overlays may lie on. */
  readonly place: string;
  /** Packages of the distribution that the base images do not have. */
  readonly absent: readonly string[];
}

/**
 * A script for bash in a mount namespace of its own: each stage is an overlay over this very system, which stands in for the base images, and RUN
 * is done in it by chroot. After it `in_image COMMAND…` runs a command as the image would.
 */
export function scriptOf(instructions: readonly Instruction[], { context, node, place, absent }: Ground): string {
  const lines = [
    'set -euo pipefail',
    `cd ${quote(place)}`,
    'stage() {',
    '  mkdir -p "$1/upper" "$1/work" "$1/root"',
    '  mount -t overlay overlay -o "lowerdir=/,upperdir=$PWD/$1/upper,workdir=$PWD/$1/work" "$1/root"',
    '  mount --rbind /dev "$1/root/dev" && mount -t proc proc "$1/root/proc" && mount --rbind /sys "$1/root/sys"',
    `  install -D ${quote(node)} "$1/root/usr/local/bin/node"`,
    `  chroot "$1/root" env DEBIAN_FRONTEND=noninteractive apt-get purge -y -q ${absent.join(' ')} > /dev/null`,
    '  root="$PWD/$1/root"',
    '}',
    // Nothing of who builds but what a builder hands on: how to reach the network.
    'inside() { env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root ${network[@]+"${network[@]}"} ${own[@]+"${own[@]}"} chroot ${as[@]+"${as[@]}"} "$root" sh -c "cd \\"\\$0\\" && $1" "$folder"; }',
    'mapfile -t network < <(env | grep -iE "^(https?_proxy|no_proxy|ssl_cert_file|node_extra_ca_certs|pip_|npm_config_(registry|cafile)|requests_ca_bundle)" || true)',
    'own=(); as=(); folder=/; count=0',
  ];
  const names = new Map<string, number>();
  let stages = 0;
  for (const { name, text } of instructions)
    switch (name) {
      case 'FROM': {
        const alias = / AS (\S+)$/.exec(text)?.[1];
        if (alias !== undefined) names.set(alias, stages);
        lines.push(`stage ${stages++}`, 'own=(); as=(); folder=/');
        break;
      }
      case 'ENV':
        lines.push(`own+=(${quote(text)})`);
        break;
      case 'WORKDIR':
        lines.push(`folder=${quote(text)}; mkdir -p "$root$folder"`);
        break;
      case 'USER':
        lines.push(
          `as=(--userspec=${text}:${text}); own+=("HOME=$(chroot "$root" getent passwd ${text} | cut -d: -f6)")`,
        );
        break;
      case 'COPY': {
        const [, from, what, to] = /^(?:--from=(\S+) )?(\S+) (\S+)$/.exec(text)!;
        if (from === undefined)
          lines.push(
            `git -C ${quote(context)} ls-files -z --cached --others --exclude-standard | tar -C ${quote(context)} --null --files-from=- -cf - | tar -C "$root$folder" -xf -`,
          );
        else lines.push(`mkdir -p "$root${to}"`, `cp "$PWD"/${names.get(from)}/root${what} "$root${to}"`);
        break;
      }
      case 'RUN':
        lines.push(`inside ${quote(text)}`);
        break;
      case 'ENTRYPOINT':
      case 'CMD':
        break;
      default:
        throw new Error(`this player does not know ${name}`);
    }
  return `${lines.join('\n')}\nin_image() { inside "$(printf '%q ' "$@")"; }\n`;
}
