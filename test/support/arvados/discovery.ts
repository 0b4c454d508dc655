/** As much of GET /arvados/v1/config as is published; the limits on tokens are not. */
export function publishedConfig(clusterId: string, loginCluster: string, url: string): object {
  return {
    ClusterID: clusterId,
    API: { MaxItemsPerResponse: 1_000, MaxRequestSize: 134_217_728 },
    Login: { LoginCluster: loginCluster },
    RemoteClusters: {},
    Services: { Controller: { ExternalURL: `${url}/` }, Workbench2: { ExternalURL: "https://workbench.example/" } },
  };
}

interface Method {
  readonly httpMethod: string;
  readonly path: string;
  readonly parameters?: Readonly<Record<string, { readonly type: string; readonly location?: string }>>;
  readonly body?: boolean;
}

const TYPES = ["ApiClientAuthorization", "User", "Container", "Collection"];
const UUID = { uuid: { type: "string", location: "path" } };
const SELECT = { select: { type: "array" } };
const PAGING = {
  filters: { type: "array" },
  where: { type: "object" },
  order: { type: "array" },
  limit: { type: "integer" },
  offset: { type: "integer" },
  count: { type: "string" },
  bypass_federation: { type: "boolean" },
};

/** The discovery document (Google's format, version v1) with the resources that this server has. */
export function discoveryDocument(clusterId: string, url: string): object {
  return {
    kind: "discovery#restDescription",
    discoveryVersion: "v1",
    id: "arvados:v1",
    name: "arvados",
    version: "v1",
    revision: "20250402",
    source_version: "unknown",
    protocol: "rest",
    baseUrl: `${url}/arvados/v1/`,
    basePath: "/arvados/v1/",
    rootUrl: `${url}/`,
    servicePath: "arvados/v1/",
    batchPath: "batch",
    uuidPrefix: clusterId,
    maxRequestSize: 134_217_728,
    parameters: {},
    auth: { oauth2: { scopes: { "https://api.arvados.org/auth/arvados": { description: "" } } } },
    schemas: Object.fromEntries(TYPES.map((type) => [type, schema(type)])),
    resources: {
      api_client_authorizations: resource("api_client_authorization", "ApiClientAuthorization", {
        current: { httpMethod: "GET", path: "api_client_authorizations/current" },
        create_system_auth: { httpMethod: "POST", path: "api_client_authorizations/create_system_auth" },
        create: { httpMethod: "POST", path: "api_client_authorizations", parameters: SELECT, body: true },
        list: { httpMethod: "GET", path: "api_client_authorizations", parameters: { ...PAGING, ...SELECT } },
        get: { httpMethod: "GET", path: "api_client_authorizations/{uuid}", parameters: { ...UUID, ...SELECT } },
        update: { httpMethod: "PUT", path: "api_client_authorizations/{uuid}", parameters: UUID, body: true },
        delete: { httpMethod: "DELETE", path: "api_client_authorizations/{uuid}", parameters: UUID },
      }),
      users: resource("user", "User", {
        current: { httpMethod: "GET", path: "users/current" },
        list: { httpMethod: "GET", path: "users", parameters: PAGING },
        get: { httpMethod: "GET", path: "users/{uuid}", parameters: UUID },
      }),
      containers: resource("container", "Container", {
        list: { httpMethod: "GET", path: "containers", parameters: PAGING },
      }),
      collections: resource("collection", "Collection", {
        create: { httpMethod: "POST", path: "collections", body: true },
        list: { httpMethod: "GET", path: "collections", parameters: PAGING },
      }),
    },
  };
}

function resource(singular: string, type: string, methods: Readonly<Record<string, Method>>): object {
  const described = Object.entries(methods).map(([name, { httpMethod, path, parameters = {}, body = false }]) => [
    name,
    {
      id: `arvados.${singular}s.${name}`,
      path,
      httpMethod,
      description: name,
      parameters: Object.fromEntries(
        Object.entries(parameters).map(([parameter, { type: kind, location = "query" }]) => [
          parameter,
          { type: kind, location, required: location === "path" },
        ]),
      ),
      parameterOrder: "uuid" in parameters ? ["uuid"] : [],
      response: { $ref: type },
      ...(body ? { request: { required: true, properties: { [singular]: { $ref: type } } } } : {}),
    },
  ]);
  return { methods: Object.fromEntries(described) };
}

function schema(id: string): object {
  return { id, type: "object", description: id, properties: { uuid: { type: "string" } } };
}
