# Built and run without anything of the host: docker build -t renewd .
#   docker run --read-only -v ./renewd.yaml:/etc/renewd/renewd.yaml:ro -v renewd-state:/var/lib/renewd renewd
# Keep the state in /var/lib/renewd (`state: { url: sqlite:/var/lib/renewd/renewd.db }`): nothing else is writable.

FROM node:24.21.0-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:24.21.0-slim AS modules
WORKDIR /modules
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional

FROM node:24.21.0-slim
WORKDIR /app
COPY --from=modules /modules/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE README.md ./
COPY bin ./bin
RUN mkdir -p /var/lib/renewd && chown node:node /var/lib/renewd && chmod 0700 /var/lib/renewd
ENV RENEWD_CONFIG=/etc/renewd/renewd.yaml
VOLUME /var/lib/renewd
USER node
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["node", "/app/bin/renewd.js", "health"]
ENTRYPOINT ["node", "/app/bin/renewd.js"]
CMD ["run"]
