import { defineModule } from 'bootproof';
import common from '../../roles/common/default.ts';
import proxmoxVm from '../../roles/proxmox-vm/default.ts';

export default defineModule({
  description: 'svc01, logically: what a web application stands on. nginx, PostgreSQL and Redis.',

  imports: [common, proxmoxVm],

  networking: {
    hostName: 'svc01',
    useDHCP: true,
    firewall: { allowedTCPPorts: [80] },
  },

  services: {
    nginx: {
      enable: true,
      recommendedOptimisation: true,
      recommendedGzipSettings: true,
      recommendedProxySettings: true,
      clientMaxBodySize: '64m',
      virtualHosts: {
        'app.home.arpa': {
          serverAliases: ['www.home.arpa'],
          locations: {
            '/': { return: '200 "This is the application."' },
            '/old/': { return: '301 /new$request_uri' },
            '= /health': { return: 204 },
            '/api/': { proxyPass: 'http://127.0.0.1:8080/v1/' },
          },
        },
        // Behind the application, and for the machine itself alone.
        backend: {
          listen: [{ addr: '127.0.0.1', port: 8080 }],
          locations: { '/v1/': { return: '200 "Version 1 of $host."' } },
        },
        'files.home.arpa': {
          root: '/var/www/html',
          locations: { '/': { index: 'index.html index.nginx-debian.html' } },
        },
        'old.home.arpa': { globalRedirect: 'app.home.arpa', redirectCode: 308 },
        nobody: {
          default: true,
          locations: { '/': { return: '404 "There is no such host."' } },
        },
      },
    },

    postgresql: {
      enable: true,
      ensureDatabases: ['app', 'metrics'],
      ensureUsers: [
        { name: 'app', ensureDBOwnership: true, ensureClauses: { createdb: true } },
        { name: 'reader', ensureClauses: { login: true, superuser: false } },
      ],
      authentication: 'host app app 10.0.0.0/8 scram-sha-256',
      identMap: 'postgres root postgres',
      settings: { port: 5433, max_connections: 40, log_connections: true, shared_buffers: '64MB' },
    },

    redis: {
      servers: {
        // The one that applications find when they are told nothing.
        '': { enable: true, databases: 4 },
        cache: {
          enable: true,
          port: 6380,
          requirePass: 'an-example-not-a-secret',
          save: [],
          appendOnly: true,
          settings: { 'maxmemory-policy': 'allkeys-lru' },
        },
      },
    },
  },

  system: { stateVersion: '25.11' },
});
