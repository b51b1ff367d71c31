//! Groups of artifacts whose archives do not name them: those that Gradle or Ant built have no `pom.properties`. What advisories
//! speak of is a group and an artifact; a manifest seldom has the group (that of Tomcat says `org.apache`).

/// A group, and its artifacts: whole names, or beginnings where a `*` ends them.
type Group = (&'static str, &'static [&'static str]);

/// Groups whose artifacts never had another. A whole name goes before a beginning, and a longer beginning before a shorter.
const GROUPS: &[Group] = &[
    ("ant-contrib", &["ant-contrib"]),
    ("antlr", &["antlr"]),
    ("aopalliance", &["aopalliance"]),
    ("axis", &["axis", "axis-*"]),
    ("cglib", &["cglib", "cglib-*"]),
    ("com.alibaba.cloud", &["spring-cloud-alibaba-*", "spring-cloud-starter-alibaba-*"]),
    ("com.auth0", &["java-jwt", "jwks-rsa"]),
    ("com.azure.spring", &["spring-cloud-azure-*"]),
    ("com.github.luben", &["zstd-jni"]),
    ("com.google.api.grpc", &["grpc-google-*"]),
    ("com.google.code.findbugs", &["jsr305"]),
    ("com.google.inject", &["guice"]),
    ("com.graphql-java", &["graphql-java"]),
    ("com.h2database", &["h2"]),
    ("com.jayway.jsonpath", &["json-path"]),
    ("com.microsoft.sqlserver", &["mssql-jdbc"]),
    ("com.mysql", &["mysql-connector-j"]),
    ("com.oracle.database.jdbc", &["ojdbc*", "ucp", "ucp11"]),
    ("com.squareup.moshi", &["moshi", "moshi-*"]),
    ("com.squareup.okhttp3", &["okhttp", "okhttp-*", "logging-interceptor"]),
    ("com.squareup.okio", &["okio", "okio-*"]),
    ("com.squareup.retrofit2", &["retrofit"]),
    ("com.sun.mail", &["javax.mail", "jakarta.mail"]),
    ("com.thoughtworks.xstream", &["xstream"]),
    ("com.typesafe.akka", &["akka-*"]),
    ("commons-beanutils", &["commons-beanutils", "commons-beanutils-*"]),
    ("commons-codec", &["commons-codec"]),
    ("commons-collections", &["commons-collections"]),
    ("commons-dbcp", &["commons-dbcp"]),
    ("commons-digester", &["commons-digester"]),
    ("commons-fileupload", &["commons-fileupload"]),
    ("commons-httpclient", &["commons-httpclient"]),
    ("commons-io", &["commons-io"]),
    ("commons-lang", &["commons-lang"]),
    ("commons-logging", &["commons-logging", "commons-logging-*"]),
    ("commons-net", &["commons-net"]),
    ("commons-pool", &["commons-pool"]),
    ("commons-validator", &["commons-validator"]),
    ("de.codecentric", &["spring-boot-admin-*"]),
    ("io.grpc", &["grpc-*"]),
    ("io.ktor", &["ktor-*"]),
    ("io.micrometer", &["micrometer-*"]),
    (
        "io.micronaut",
        &["micronaut-aop", "micronaut-buffer-netty", "micronaut-context", "micronaut-core", "micronaut-core-*"],
    ),
    (
        "io.micronaut",
        &["micronaut-http", "micronaut-http-*", "micronaut-inject", "micronaut-inject-*", "micronaut-router"],
    ),
    ("io.micronaut", &["micronaut-management", "micronaut-runtime", "micronaut-websocket"]),
    ("io.nats", &["jnats"]),
    (
        "io.opentelemetry",
        &["opentelemetry-api", "opentelemetry-common", "opentelemetry-context", "opentelemetry-exporter-*"],
    ),
    ("io.opentelemetry", &["opentelemetry-sdk", "opentelemetry-sdk-*"]),
    ("io.projectreactor", &["reactor-core", "reactor-test", "reactor-tools"]),
    ("io.projectreactor.addons", &["reactor-adapter", "reactor-extra", "reactor-pool"]),
    ("io.projectreactor.kafka", &["reactor-kafka"]),
    ("io.projectreactor.netty", &["reactor-netty", "reactor-netty-*"]),
    ("io.swagger.core.v3", &["swagger-annotations-jakarta", "swagger-core-jakarta", "swagger-models-jakarta"]),
    ("javax.servlet", &["javax.servlet-api", "jstl", "servlet-api"]),
    ("jdom", &["jdom"]),
    ("junit", &["junit"]),
    ("log4j", &["log4j"]),
    ("net.java.dev.jna", &["jna", "jna-jpms", "jna-platform", "jna-platform-jpms"]),
    ("org.apache.activemq", &["activemq-all", "activemq-broker", "activemq-client", "activemq-core"]),
    ("org.apache.ant", &["ant", "ant-*"]),
    ("org.apache.cassandra", &["apache-cassandra", "cassandra-all", "cassandra-driver-core"]),
    ("org.apache.derby", &["derby", "derbyclient", "derbynet", "derbyshared", "derbytools"]),
    ("org.apache.flink", &["flink-*"]),
    ("org.apache.geode", &["geode-*"]),
    ("org.apache.kafka", &["connect-api", "connect-file", "connect-json", "connect-mirror", "connect-mirror-client"]),
    ("org.apache.kafka", &["connect-basic-auth-extension", "connect-runtime", "connect-transforms"]),
    (
        "org.apache.kafka",
        &["kafka-clients", "kafka-group-coordinator", "kafka-log4j-appender", "kafka-metadata", "kafka-raft"],
    ),
    (
        "org.apache.kafka",
        &["kafka-server-common", "kafka-storage", "kafka-storage-api", "kafka-streams", "kafka-streams-*"],
    ),
    ("org.apache.kafka", &["kafka-tools", "kafka_2.*", "trogdor"]),
    ("org.apache.logging.log4j", &["log4j-*"]),
    ("org.apache.lucene", &["lucene-*"]),
    (
        "org.apache.poi",
        &["ooxml-schemas", "poi", "poi-examples", "poi-excelant", "poi-ooxml", "poi-ooxml-*", "poi-scratchpad"],
    ),
    ("org.apache.solr", &["solr-*"]),
    ("org.apache.tomcat", &["tomcat-*"]),
    ("org.apache.tomcat.embed", &["tomcat-embed-*"]),
    ("org.apache.xmlbeans", &["xmlbeans"]),
    ("org.aspectj", &["aspectjrt", "aspectjtools", "aspectjweaver"]),
    ("org.assertj", &["assertj-core"]),
    ("org.beanshell", &["bsh"]),
    ("org.bouncycastle", &["bcjmail-*", "bcmail-*", "bcpg", "bcpg-*", "bcpkix", "bcpkix-*", "bcprov", "bcprov-*"]),
    ("org.bouncycastle", &["bctls", "bctls-*", "bcutil", "bcutil-*"]),
    ("org.eclipse.platform", &["org.eclipse.core.*", "org.eclipse.equinox.*", "org.eclipse.osgi*"]),
    ("org.elasticsearch", &["elasticsearch", "elasticsearch-cli", "elasticsearch-core", "elasticsearch-geo"]),
    ("org.elasticsearch", &["elasticsearch-lz4", "elasticsearch-plugin-classloader", "elasticsearch-secure-sm"]),
    ("org.elasticsearch", &["elasticsearch-ssl-config", "elasticsearch-x-content"]),
    ("org.elasticsearch.client", &["elasticsearch-rest-client", "elasticsearch-rest-client-*"]),
    ("org.elasticsearch.client", &["elasticsearch-rest-high-level-client"]),
    ("org.freemarker", &["freemarker"]),
    ("org.gradle", &["gradle-tooling-api"]),
    ("org.hamcrest", &["hamcrest", "hamcrest-all", "hamcrest-core", "hamcrest-library"]),
    ("org.jdom", &["jdom2"]),
    ("org.jetbrains.exposed", &["exposed-core", "exposed-dao", "exposed-jdbc"]),
    (
        "org.jetbrains.kotlin",
        &["kotlin-reflect", "kotlin-script-*", "kotlin-stdlib", "kotlin-stdlib-*", "kotlin-test", "kotlin-test-*"],
    ),
    ("org.jetbrains.kotlinx", &["kotlinx-coroutines-*", "kotlinx-datetime*", "kotlinx-serialization-*"]),
    ("org.junit.jupiter", &["junit-jupiter-*"]),
    ("org.junit.platform", &["junit-platform-*"]),
    ("org.junit.vintage", &["junit-vintage-engine"]),
    ("org.liquibase", &["liquibase-core"]),
    ("org.lz4", &["lz4-java"]),
    ("org.mockito", &["mockito-*"]),
    ("org.mockito.kotlin", &["mockito-kotlin"]),
    ("org.mongodb", &["bson", "bson-record-codec", "mongo-java-driver", "mongodb-driver", "mongodb-driver-*"]),
    ("org.mozilla", &["rhino", "rhino-*"]),
    ("org.objenesis", &["objenesis"]),
    ("org.opensearch", &["opensearch", "opensearch-cli", "opensearch-core", "opensearch-geo", "opensearch-secure-sm"]),
    ("org.opensearch", &["opensearch-x-content"]),
    ("org.opensearch.client", &["opensearch-java", "opensearch-rest-client", "opensearch-rest-high-level-client"]),
    ("org.opentest4j", &["opentest4j"]),
    ("org.python", &["jython", "jython-standalone"]),
    ("org.reactivestreams", &["reactive-streams"]),
    ("org.scala-lang", &["scala-compiler", "scala-library", "scala-reflect", "scalap"]),
    ("org.slf4j", &["log4j-over-slf4j"]),
    ("org.springframework", &["spring-aop", "spring-asm", "spring-aspects", "spring-beans", "spring-context"]),
    ("org.springframework", &["spring-context-indexer", "spring-context-support", "spring-core", "spring-core-test"]),
    ("org.springframework", &["spring-expression", "spring-instrument", "spring-instrument-tomcat", "spring-jcl"]),
    (
        "org.springframework",
        &["spring-jdbc", "spring-jms", "spring-messaging", "spring-orm", "spring-oxm", "spring-r2dbc"],
    ),
    ("org.springframework", &["spring-struts", "spring-test", "spring-tx", "spring-web", "spring-web-portlet"]),
    ("org.springframework", &["spring-webflux", "spring-webmvc", "spring-webmvc-portlet", "spring-websocket"]),
    ("org.springframework.amqp", &["spring-amqp", "spring-rabbit", "spring-rabbit-*"]),
    ("org.springframework.batch", &["spring-batch-*"]),
    ("org.springframework.boot", &["spring-boot", "spring-boot-*"]),
    ("org.springframework.cloud", &["spring-cloud-*"]),
    ("org.springframework.data", &["spring-data-*"]),
    ("org.springframework.graphql", &["spring-graphql", "spring-graphql-test"]),
    ("org.springframework.hateoas", &["spring-hateoas"]),
    ("org.springframework.integration", &["spring-integration-*"]),
    ("org.springframework.kafka", &["spring-kafka", "spring-kafka-test"]),
    ("org.springframework.ldap", &["spring-ldap-*"]),
    ("org.springframework.plugin", &["spring-plugin-*"]),
    ("org.springframework.restdocs", &["spring-restdocs-*"]),
    ("org.springframework.retry", &["spring-retry"]),
    ("org.springframework.security", &["spring-security-*"]),
    ("org.springframework.security.extensions", &["spring-security-saml2-core"]),
    ("org.springframework.security.kerberos", &["spring-security-kerberos-*"]),
    ("org.springframework.security.oauth", &["spring-security-oauth", "spring-security-oauth2"]),
    ("org.springframework.security.oauth.boot", &["spring-security-oauth2-autoconfigure"]),
    ("org.springframework.session", &["spring-session-*"]),
    ("org.springframework.shell", &["spring-shell-*"]),
    ("org.springframework.statemachine", &["spring-statemachine-*"]),
    ("org.springframework.vault", &["spring-vault-core"]),
    (
        "org.springframework.webflow",
        &["spring-binding", "spring-faces", "spring-js", "spring-js-resources", "spring-webflow"],
    ),
    ("org.springframework.ws", &["spring-ws-*", "spring-xml"]),
    ("org.testng", &["testng"]),
    ("org.xerial", &["sqlite-jdbc"]),
    ("org.xerial.snappy", &["snappy-java"]),
    ("oro", &["oro"]),
    ("redis.clients", &["jedis"]),
    ("rhino", &["js"]),
    ("struts", &["struts"]),
    ("wsdl4j", &["wsdl4j"]),
    ("xalan", &["serializer", "xalan"]),
    ("xerces", &["xercesImpl", "xmlParserAPIs"]),
    ("xml-apis", &["xml-apis", "xml-apis-ext"]),
    ("xmlpull", &["xmlpull"]),
    ("xpp3", &["xpp3", "xpp3_min"]),
];

/// A group since a major version.
type Since = (u32, &'static str);

/// Artifacts that have moved from group to group.
const MOVED: &[(&[&str], &[Since])] = &[
    (&["asm", "asm-all", "asm-analysis", "asm-commons", "asm-debug-all"], &[(0, "asm"), (4, "org.ow2.asm")]),
    (&["asm-tree", "asm-util", "asm-xml"], &[(0, "asm"), (4, "org.ow2.asm")]),
    (&["bcmail-jdk14", "bcprov-jdk14", "bctsp-jdk14"], &[(0, "bouncycastle"), (139, "org.bouncycastle")]),
    (&["dom4j"], &[(0, "dom4j"), (2, "org.dom4j")]),
    (&["groovy", "groovy-*"], &[(0, "org.codehaus.groovy"), (4, "org.apache.groovy")]),
    (&["hibernate-c3p0", "hibernate-core", "hibernate-envers"], &[(0, "org.hibernate"), (6, "org.hibernate.orm")]),
    (&["hibernate-commons-annotations"], &[(0, "org.hibernate"), (4, "org.hibernate.common")]),
    (&["hibernate-hikaricp", "hibernate-jcache"], &[(0, "org.hibernate"), (6, "org.hibernate.orm")]),
    (&["hibernate-spatial", "hibernate-testing"], &[(0, "org.hibernate"), (6, "org.hibernate.orm")]),
    (&["hibernate-validator"], &[(0, "org.hibernate"), (6, "org.hibernate.validator")]),
    (&["hsqldb"], &[(0, "hsqldb"), (2, "org.hsqldb")]),
    (&["mysql-connector-java"], &[(0, "mysql"), (9, "com.mysql")]),
    (&["play_2.*", "play-*"], &[(0, "com.typesafe.play"), (3, "org.playframework")]),
    (&["postgresql"], &[(0, "org.testcontainers"), (9, "org.postgresql")]),
    (&["rxjava"], &[(0, "io.reactivex"), (2, "io.reactivex.rxjava2"), (3, "io.reactivex.rxjava3")]),
    (&["spring-cloud-aws-*"], &[(0, "org.springframework.cloud"), (3, "io.awspring.cloud")]),
    (&["spring-cloud-gcp-*"], &[(0, "org.springframework.cloud"), (2, "com.google.cloud")]),
    (&["velocity"], &[(0, "velocity"), (2, "org.apache.velocity")]),
];

/// The group of an artifact, where it is known.
pub(super) fn group(artifact: &str, version: &str) -> Option<&'static str> {
    let moved = MOVED.iter().filter_map(|(names, groups)| {
        let rank = rank(names, artifact)?;
        let major = major(version)?;
        groups.iter().rfind(|(since, _)| *since <= major).map(|(_, group)| (rank, *group))
    });
    let others = GROUPS.iter().filter_map(|(group, names)| Some((rank(names, artifact)?, *group)));
    moved.chain(others).max_by_key(|(rank, _)| *rank).map(|(_, group)| group)
}

/// How well one of the names fits: whole ones best, then the longest beginning.
fn rank(names: &[&str], artifact: &str) -> Option<usize> {
    let ranks = names.iter().filter_map(|name| match name.strip_suffix('*') {
        Some(start) => artifact.starts_with(start).then_some(start.len()),
        None => (*name == artifact).then_some(usize::MAX),
    });
    ranks.max()
}

/// The first number of a version.
fn major(version: &str) -> Option<u32> {
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_fitting_name_counts() {
        for (artifact, version, expected) in [
            ("tomcat-embed-core", "9.0.63", Some("org.apache.tomcat.embed")),
            ("tomcat-catalina", "9.0.63", Some("org.apache.tomcat")),
            ("spring-core", "5.3.20", Some("org.springframework")),
            ("spring-security-oauth2-core", "5.6.2", Some("org.springframework.security")),
            ("spring-security-oauth2", "2.3.3", Some("org.springframework.security.oauth")),
            ("spring-unheard-of", "1.0", None),
            ("kafka_2.13", "3.1.2", Some("org.apache.kafka")),
            ("asm", "3.1", Some("asm")),
            ("asm-commons", "9.3", Some("org.ow2.asm")),
            ("groovy-json", "3.0.10", Some("org.codehaus.groovy")),
            ("groovy", "4.0.2", Some("org.apache.groovy")),
            ("groovy", "latest", None),
            ("h2", "2.1.214", Some("com.h2database")),
            ("rxjava", "2.2.21", Some("io.reactivex.rxjava2")),
            ("rxjava", "1.3.8", Some("io.reactivex")),
            ("h2o", "1", None),
            ("", "", None),
        ] {
            assert_eq!(group(artifact, version), expected, "{artifact}");
        }
    }

    #[test]
    fn groups_stand_in_order() {
        let sorted = |names: Vec<&str>| names.is_sorted();
        assert!(sorted(GROUPS.iter().map(|(group, _)| *group).collect()));
        assert!(sorted(MOVED.iter().filter_map(|(names, _)| names.first().copied()).collect()));
        assert!(MOVED.iter().all(|(_, groups)| groups.is_sorted()));
    }
}
