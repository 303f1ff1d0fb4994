// Runs before the installation, under whatever Node there is, so it is plain JavaScript. hopcost pins its own Node 26 as a
// platform package; where there is none for this platform, say so now instead of failing obscurely later.
const PINNED = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];

const platform = `${process.platform}-${process.arch}`;
const isMusl = process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined;
const ownMajor = Number(process.versions.node.split('.')[0]);

if ((!PINNED.includes(platform) || isMusl) && ownMajor < 26) {
  console.error(
    `hopcost: no pinned Node 26 for ${platform}${isMusl ? ' with musl' : ''} (there is one for ${PINNED.join(', ')}, glibc on Linux).\n` +
      `Install Node 26 or later yourself and repeat; this is Node ${process.versions.node}. Only Linux offers CPU figures and core pinning.`,
  );
  process.exit(1);
}
