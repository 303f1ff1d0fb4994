/** What an intent's shape cannot say: that names refer to something, and that keys belong to their certificates. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { IntentProblem } from './intent-error.ts';
import type { Certificate, ProxyIntent } from './intent.ts';
import { policyProblems } from './policy-check.ts';

/** Every problem there is; none: the intent holds together. */
export function crossCheck(intent: ProxyIntent): IntentProblem[] {
  const checks = [repeatedNames, unknownClusters, deadRoutes, certificates, versions, policyProblems];
  return checks.flatMap((check) => check(intent));
}

function repeatedNames({ clusters }: ProxyIntent): IntentProblem[] {
  const seen = new Set<string>();
  return clusters.flatMap(({ name }, index) => {
    const repeated = seen.has(name);
    seen.add(name);
    return repeated ? [{ path: `clusters[${index}].name`, message: `a second cluster called ${name}` }] : [];
  });
}

function unknownClusters(intent: ProxyIntent): IntentProblem[] {
  const names = intent.clusters.map(({ name }) => name);
  const references = [
    ...(intent.defaultCluster === undefined ? [] : [{ path: 'defaultCluster', name: intent.defaultCluster }]),
    ...(intent.sniRoutes ?? []).map(({ cluster }, i) => ({ path: `sniRoutes[${i}].cluster`, name: cluster })),
    ...(intent.routes ?? []).flatMap(({ action }, i) =>
      action.kind === 'forward'
        ? action.clusters.map(({ name }, j) => ({ path: `routes[${i}].action.clusters[${j}].name`, name }))
        : [],
    ),
  ];
  return references
    .filter(({ name }) => !names.includes(name))
    .map(({ path, name }) => ({
      path,
      message: `no cluster is called ${name}; there ${names.length > 0 ? `are ${names.join(', ')}` : 'is none'}`,
    }));
}

/** Weights that leave nothing to choose from, rewrites without the prefix that they replace. */
function deadRoutes({ routes = [] }: ProxyIntent): IntentProblem[] {
  return routes.flatMap(({ match, action }, index) => {
    const path = `routes[${index}].action`;
    const problems: IntentProblem[] = [];
    if (action.kind === 'reply') return problems;
    if (action.prefixRewrite !== undefined && (!match.path || match.path.kind === 'regex'))
      problems.push({ path: `${path}.prefixRewrite`, message: 'needs match.path, the part that it replaces' });
    if (action.kind === 'redirect') return problems;
    if (action.prefixRewrite !== undefined && action.regexRewrite !== undefined)
      problems.push({ path: `${path}.regexRewrite`, message: 'and prefixRewrite exclude each other' });
    if (action.clusters.every(({ weight = 1 }) => weight === 0))
      problems.push({ path: `${path}.clusters`, message: 'the weights add up to nothing' });
    return problems;
  });
}

function certificates({ listener, clusters }: ProxyIntent): IntentProblem[] {
  const pairs = [
    ...(listener.tls?.certificates ?? []).map((pair, i) => ({ path: `listener.tls.certificates[${i}]`, pair })),
    ...clusters.flatMap(({ tls }, i) =>
      tls?.certificate ? [{ path: `clusters[${i}].tls.certificate`, pair: tls.certificate }] : [],
    ),
  ];
  const authorities = [
    { path: 'listener.tls.clientCa', pem: listener.tls?.clientCa },
    ...clusters.map(({ tls }, i) => ({ path: `clusters[${i}].tls.ca`, pem: tls?.ca })),
  ];
  return [
    ...pairs.flatMap(({ path, pair }) => pairProblems(path, pair)),
    ...authorities.flatMap(({ path, pem }) => (pem === undefined ? [] : authorityProblems(path, pem))),
  ];
}

const reason = (error: unknown) => (error as Error).message;

function pairProblems(path: string, { cert, key }: Certificate): IntentProblem[] {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch (error) {
    return [{ path: `${path}.cert`, message: `no readable certificate: ${reason(error)}` }];
  }
  try {
    const privateKey = createPrivateKey(key);
    if (!certificate.checkPrivateKey(privateKey))
      return [{ path: `${path}.key`, message: `not the key of ${certificate.subject.replaceAll('\n', ', ')}` }];
  } catch (error) {
    return [{ path: `${path}.key`, message: `no readable private key: ${reason(error)}` }];
  }
  try {
    createSecureContext({ cert, key });
    return [];
  } catch (error) {
    return [{ path, message: `TLS cannot use this pair: ${reason(error)}` }];
  }
}

function authorityProblems(path: string, pem: string): IntentProblem[] {
  try {
    new X509Certificate(pem);
    return [];
  } catch (error) {
    return [{ path, message: `no readable certificate: ${reason(error)}` }];
  }
}

function versions({ listener: { tls } }: ProxyIntent): IntentProblem[] {
  const reversed = tls?.minVersion === 'TLSv1.3' && tls.maxVersion === 'TLSv1.2';
  return reversed ? [{ path: 'listener.tls.minVersion', message: 'TLSv1.3 is above maxVersion, TLSv1.2' }] : [];
}
