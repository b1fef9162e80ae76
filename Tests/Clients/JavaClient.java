// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.*;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.*;

/** The scenarios of Tests/Clients with Apache Kafka's Java client, and a member of a group; see common.py. */
public class JavaClient {
    interface Work { void run() throws Exception; }

    static String address;
    static final BufferedReader INPUT = new BufferedReader(new InputStreamReader(System.in));

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("member")) { member(arguments); return; }
        if (arguments[0].equals("copier")) { copier(arguments); return; }
        address = arguments[0];
        Map<String, Work> all = new LinkedHashMap<>();
        all.put("codecs", JavaClient::codecs);
        all.put("acks", JavaClient::acks);
        all.put("idempotent", JavaClient::idempotent);
        all.put("large", JavaClient::large);
        all.put("offsets", JavaClient::offsets);
        all.put("restart", JavaClient::restart);
        all.put("transactions", JavaClient::transactions);
        all.put("transactional offsets", JavaClient::transactionalOffsets);
        all.put("fencing", JavaClient::fencing);
        all.put("topics", JavaClient::topics);
        all.put("configs", JavaClient::configs);
        all.put("delete records", JavaClient::deleteRecords);
        all.put("groups", JavaClient::groups);
        all.put("cluster", JavaClient::cluster);
        all.put("errors", JavaClient::errors);
        String version = org.apache.kafka.common.utils.AppInfoParser.getVersion();
        for (var scenario : all.entrySet()) {
            if (arguments.length > 1 && !Arrays.asList(arguments).contains(scenario.getKey())) continue;
            long begun = System.nanoTime();
            String verdict = "ok", reason = "";
            try {
                scenario.getValue().run();
            } catch (Throwable error) {
                verdict = "fails";
                reason = error.toString().lines().findFirst().orElse("").replaceAll("[\"\\\\]", "'");
                error.printStackTrace();
            }
            System.out.printf(Locale.ROOT,
                "{\"version\": \"%s\", \"scenario\": \"%s\", \"verdict\": \"%s\", \"reason\": \"%s\", \"seconds\": %.1f}%n",
                version, scenario.getKey(), verdict, reason, (System.nanoTime() - begun) / 1e9);
        }
        System.exit(0);
    }

    // --- Small words

    static void same(Object found, Object expected, String what) {
        if (!Objects.deepEquals(found, expected)) {
            String text = found + " where " + expected + " was expected";
            throw new AssertionError(what + ": " + (text.length() > 400 ? text.substring(0, 400) + "…" : text));
        }
    }

    static void refused(Class<?> kind, Work work) throws Exception {
        try {
            work.run();
        } catch (Throwable error) {
            Throwable cause = error instanceof ExecutionException ? error.getCause() : error;
            if (kind.isInstance(cause)) return;
            throw new AssertionError("refused with " + cause + "; " + kind.getSimpleName() + " was expected");
        }
        throw new AssertionError("not refused with " + kind.getSimpleName());
    }

    static void restartServer(boolean kills) throws Exception {
        System.out.println("{\"ask\": \"" + (kills ? "kill" : "restart") + "\"}");
        same(INPUT.readLine(), "done", "the restart");
    }

    static byte[] bytes(String text) { return text.getBytes(StandardCharsets.UTF_8); }

    static Map<String, Object> settings(Object... more) {
        Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", address));
        for (int i = 0; i < more.length; i += 2) all.put((String) more[i], more[i + 1]);
        return all;
    }

    static KafkaProducer<byte[], byte[]> producer(Object... more) {
        return new KafkaProducer<>(settings(more), new ByteArraySerializer(), new ByteArraySerializer());
    }

    static KafkaConsumer<byte[], byte[]> consumer(Object... more) {
        Map<String, Object> all = settings(more);
        all.putIfAbsent("group.id", "none");
        all.put("auto.offset.reset", "earliest");
        all.put("enable.auto.commit", false);
        return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    static Admin admin() { return Admin.create(settings()); }

    static void create(String topic, int partitions, Map<String, String> configs) throws Exception {
        try (Admin admin = admin()) {
            admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(configs))).all().get();
        }
    }

    static List<Long> send(KafkaProducer<byte[], byte[]> producer, String topic, List<String> values) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (String value : values) sent.add(producer.send(new ProducerRecord<>(topic, bytes(value))));
        List<Long> offsets = new ArrayList<>();
        for (var one : sent) offsets.add(one.get().offset());
        return offsets;
    }

    static List<ConsumerRecord<byte[], byte[]>> read(String topic, int count, long offset, int millis, Object... more) {
        List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
        try (var reader = consumer(more)) {
            TopicPartition place = new TopicPartition(topic, 0);
            reader.assign(List.of(place));
            reader.seek(place, offset);
            long end = System.nanoTime() + millis * 1_000_000L;
            while (found.size() < count && System.nanoTime() < end) reader.poll(Duration.ofMillis(100)).forEach(found::add);
        }
        return found;
    }

    static List<String> values(String topic, int count, int millis, Object... more) {
        return read(topic, count, 0, millis, more).stream().map(record -> new String(record.value(), StandardCharsets.UTF_8)).toList();
    }

    static List<String> numbers(int from, int to) { return IntStream.range(from, to).mapToObj(Integer::toString).toList(); }

    // --- Producing and consuming

    static void codecs() throws Exception {
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            String topic = "codec-" + codec;
            create(topic, 1, Map.of());
            List<ProducerRecord<byte[], byte[]>> sent = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                var record = new ProducerRecord<>(topic, null, i % 3 == 0 ? null : bytes("key " + i % 7),
                    i % 11 == 1 ? null : bytes("wert € ".repeat(i % 40) + i));
                record.headers().add(new RecordHeader("naïve", bytes("ü" + i))).add(new RecordHeader("empty", new byte[0]));
                sent.add(record);
            }
            try (var producer = producer("compression.type", codec, "linger.ms", 50)) {
                List<Future<RecordMetadata>> futures = new ArrayList<>();
                for (var record : sent) futures.add(producer.send(record));
                for (int i = 0; i < futures.size(); i++) same(futures.get(i).get().offset(), (long) i, "an offset");
            }
            var found = read(topic, 200, 0, 20_000);
            same(found.size(), 200, "records of " + codec);
            for (int i = 0; i < 200; i++) {
                same(found.get(i).key(), sent.get(i).key(), "a key");
                same(found.get(i).value(), sent.get(i).value(), "a value");
                same(found.get(i).headers().toArray(), sent.get(i).headers().toArray(), "headers");
            }
        }
    }

    static void acks() throws Exception {
        create("acks", 1, Map.of());
        for (String acks : List.of("0", "1", "all")) {
            try (var producer = producer("acks", acks, "enable.idempotence", false)) {
                for (int i = 0; i < 20; i++) producer.send(new ProducerRecord<>("acks", bytes(acks + " " + i)));
            }
        }
        same(new TreeSet<>(values("acks", 60, 20_000)).size(), 60, "records");
    }

    static void idempotent() throws Exception {
        create("idempotent", 1, Map.of());
        try (var producer = producer("enable.idempotence", true, "batch.size", 300)) {
            same(send(producer, "idempotent", numbers(0, 500)), LongStream.range(0, 500).boxed().toList(), "offsets");
        }
        same(values("idempotent", 500, 20_000), numbers(0, 500), "values");
    }

    static void large() throws Exception {
        create("large", 1, Map.of());
        int limit;
        try (Admin admin = admin()) {
            ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "large");
            limit = Integer.parseInt(admin.describeConfigs(List.of(topic)).all().get().get(topic).get("max.message.bytes").value());
        }
        try (var producer = producer("max.request.size", 20 << 20, "batch.size", 0)) {
            producer.send(new ProducerRecord<>("large", new byte[limit - 72])).get();
            refused(RecordTooLargeException.class, () -> producer.send(new ProducerRecord<>("large", new byte[limit - 71])).get());
            create("larger", 1, Map.of("max.message.bytes", "6000000"));
            byte[] value = new byte[5_000_000];
            new Random(7).nextBytes(value);
            for (int i = 0; i < 3; i++) producer.send(new ProducerRecord<>("larger", value)).get();
            for (var record : read("larger", 3, 0, 20_000)) same(record.value(), value, "a large value");
        }
        same(read("larger", 3, 0, 20_000, "max.partition.fetch.bytes", 1000).size(), 3, "large values with a small fetch");
    }

    static void offsets() throws Exception {
        create("offsets", 1, Map.of());
        try (var producer = producer("linger.ms", 20)) {
            for (int i = 0; i < 100; i++) {
                producer.send(new ProducerRecord<>("offsets", 0, 1_700_000_000_000L + i * 1000, null, bytes("" + i)));
                if (i == 49) producer.flush();
            }
        }
        TopicPartition place = new TopicPartition("offsets", 0);
        try (var reader = consumer()) {
            same(reader.beginningOffsets(List.of(place)).get(place), 0L, "the first offset");
            same(reader.endOffsets(List.of(place)).get(place), 100L, "the next offset");
            same(reader.offsetsForTimes(Map.of(place, 0L)).get(place).offset(), 0L, "before all");
            same(reader.offsetsForTimes(Map.of(place, 1_700_000_037_000L)).get(place).offset(), 37L, "of a time");
            same(reader.offsetsForTimes(Map.of(place, 1_700_000_037_001L)).get(place).offset(), 38L, "between times");
            same(reader.offsetsForTimes(Map.of(place, 1_800_000_000_000L)).get(place), null, "behind all");
        }
        try (Admin admin = admin()) {
            var found = admin.listOffsets(Map.of(place, OffsetSpec.maxTimestamp())).partitionResult(place).get();
            same(found.offset() + " " + found.timestamp(), "99 1700000099000", "the largest time");
        }
        same(new String(read("offsets", 1, 33, 20_000).get(0).value()), "33", "from the middle");
        same(read("offsets", 1, 100, 700).size(), 0, "behind the end");
        same(read("offsets", 1, 5000, 20_000).get(0).offset(), 0L, "where a reset leads");
    }

    static void restart() throws Exception {
        create("restart", 1, Map.of());
        List<String> found = new ArrayList<>();
        try (var producer = producer("reconnect.backoff.max.ms", 300);
             var reader = consumer("group.id", "restart", "reconnect.backoff.max.ms", 300)) {
            reader.subscribe(List.of("restart"));
            for (int turn = 0; turn < 3; turn++) {
                send(producer, "restart", numbers(turn * 20, turn * 20 + 20));
                long end = System.nanoTime() + 20_000_000_000L;
                while (found.size() < turn * 20 + 20 && System.nanoTime() < end) {
                    reader.poll(Duration.ofMillis(100)).forEach(record -> found.add(new String(record.value())));
                    reader.commitAsync();
                }
                if (turn < 2) restartServer(turn == 1);
            }
        }
        same(found.stream().distinct().toList(), numbers(0, 60), "what was read");
        same(values("restart", 60, 20_000), numbers(0, 60), "what was written");
    }

    // --- Groups

    static void member(String[] arguments) {
        address = arguments[1];
        boolean cooperative = arguments[4].equals("cooperative");
        List<Object> more = new ArrayList<>(List.of("group.id", arguments[2]));
        more.addAll(arguments[4].equals("consumer") ? List.of("group.protocol", "consumer") : List.of(
            "session.timeout.ms", 6000, "heartbeat.interval.ms", 500,
            "partition.assignment.strategy", cooperative ? CooperativeStickyAssignor.class.getName() : RangeAssignor.class.getName()));
        if (arguments.length > 5 && !arguments[5].isEmpty()) more.addAll(List.of("group.instance.id", arguments[5]));
        var reader = consumer(more.toArray());
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            reader.wakeup();
            try { main.join(); } catch (InterruptedException ignored) { }
        }));
        Set<Integer> mine = new TreeSet<>();
        try (reader) {
            reader.subscribe(List.of(arguments[3]), new ConsumerRebalanceListener() {
                public void onPartitionsRevoked(Collection<TopicPartition> gone) { gone.forEach(one -> mine.remove(one.partition())); }
                public void onPartitionsAssigned(Collection<TopicPartition> come) {
                    come.forEach(one -> mine.add(one.partition()));
                    System.out.println("{\"assigned\": " + mine + "}");
                }
            });
            while (true) {
                var records = reader.poll(Duration.ofMillis(100));
                for (var record : records) {
                    System.out.println("{\"got\": [" + record.partition() + ", " + record.offset() + ", " + new String(record.value()) + "]}");
                }
                try {
                    if (!records.isEmpty()) reader.commitSync();
                } catch (RebalanceInProgressException | CommitFailedException ignored) {
                }
            }
        } catch (WakeupException end) {
            // It goes in good order.
        }
    }

    /** Copies from one topic to another in transactions; see copying.py. Ends when anything goes wrong. */
    static void copier(String[] arguments) {
        address = arguments[1];
        Random random = new Random();
        try (var producer = producer("transactional.id", arguments[2], "transaction.timeout.ms", 8000);
             var reader = consumer("group.id", "copiers", "session.timeout.ms", 6000, "isolation.level", "read_committed", "max.poll.records", 40)) {
            producer.initTransactions();
            reader.subscribe(List.of("input"));
            while (true) {
                var records = reader.poll(Duration.ofMillis(300));
                if (records.isEmpty()) continue;
                Map<TopicPartition, OffsetAndMetadata> positions = new HashMap<>();
                String transaction = UUID.randomUUID().toString();
                int number = 0, total = records.count() * 2;
                producer.beginTransaction();
                for (var record : records) {
                    positions.put(new TopicPartition("input", record.partition()), new OffsetAndMetadata(record.offset() + 1));
                    for (String half : List.of("a", "b")) {
                        String text = "[\"" + transaction + "\", " + number++ + ", " + total + ", " + new String(record.value()) + ", \"" + half + "\"]";
                        producer.send(new ProducerRecord<>("output", random.nextInt(4), null, bytes(text)));
                    }
                }
                producer.sendOffsetsToTransaction(positions, reader.groupMetadata());
                if (random.nextInt(8) != 0) {
                    producer.commitTransaction();
                    continue;
                }
                producer.abortTransaction();
                reader.committed(reader.assignment()).forEach((place, offset) -> reader.seek(place, offset == null ? 0 : offset.offset()));
            }
        }
    }

    // --- Transactions

    static final Object[] COMMITTED = {"isolation.level", "read_committed"};

    static void transactions() throws Exception {
        create("transactions", 1, Map.of());
        List<String> expected = new ArrayList<>();
        try (var producer = producer("transactional.id", "scenario"); var other = producer()) {
            producer.initTransactions();
            for (int turn = 0; turn < 6; turn++) {
                producer.beginTransaction();
                String prefix = turn + "-";
                List<String> values = numbers(0, 10).stream().map(number -> prefix + number).toList();
                send(producer, "transactions", values);
                if (turn % 3 == 1) {
                    producer.abortTransaction();
                } else {
                    producer.commitTransaction();
                    expected.addAll(values);
                }
            }
            same(values("transactions", 40, 20_000, COMMITTED), expected, "what was committed");
            same(values("transactions", 60, 20_000).size(), 60, "everything");
            producer.beginTransaction();
            send(producer, "transactions", List.of("open"));
            send(other, "transactions", List.of("behind"));
            same(values("transactions", 41, 1500, COMMITTED), expected, "while a transaction is open");
            restartServer(true);
            producer.commitTransaction();
            expected.addAll(List.of("open", "behind"));
            same(values("transactions", 42, 20_000, COMMITTED), expected, "after it was committed");
        }
    }

    static void transactionalOffsets() throws Exception {
        create("in", 1, Map.of());
        create("out", 1, Map.of());
        TopicPartition place = new TopicPartition("in", 0);
        try (var other = producer()) { send(other, "in", numbers(0, 20)); }
        try (var producer = producer("transactional.id", "offsets"); var reader = consumer("group.id", "offsets")) {
            producer.initTransactions();
            reader.subscribe(List.of("in"));
            while (reader.assignment().isEmpty()) reader.poll(Duration.ofMillis(100));
            long[][] turns = {{5, 1, 5}, {9, 0, 5}, {12, 1, 12}};
            for (long[] turn : turns) {
                producer.beginTransaction();
                send(producer, "out", List.of("to " + turn[0]));
                producer.sendOffsetsToTransaction(Map.of(place, new OffsetAndMetadata(turn[0])), reader.groupMetadata());
                if (turn[1] == 1) producer.commitTransaction(); else producer.abortTransaction();
                same(reader.committed(Set.of(place)).get(place).offset(), turn[2], "offsets");
            }
        }
        same(values("out", 2, 20_000, COMMITTED), List.of("to 5", "to 12"), "what went with the offsets");
    }

    static void fencing() throws Exception {
        create("fencing", 1, Map.of());
        try (var old = producer("transactional.id", "fenced"); var young = producer("transactional.id", "fenced")) {
            old.initTransactions();
            old.beginTransaction();
            send(old, "fencing", List.of("old"));
            young.initTransactions();
            refused(ApiException.class, old::commitTransaction);
            young.beginTransaction();
            send(young, "fencing", List.of("new"));
            young.commitTransaction();
        }
        same(values("fencing", 1, 20_000, COMMITTED), List.of("new"), "what was committed");
    }

    // --- Administration

    static void topics() throws Exception {
        create("admin", 2, Map.of("retention.ms", "86400000"));
        refused(TopicExistsException.class, () -> create("admin", 1, Map.of()));
        refused(InvalidConfigurationException.class, () -> create("no", 1, Map.of("retention.ms", "soon")));
        refused(InvalidPartitionsException.class, () -> create("no", 0, Map.of()));
        try (Admin admin = admin()) {
            same(admin.describeTopics(List.of("admin")).allTopicNames().get().get("admin").partitions().size(), 2, "partitions");
            admin.createPartitions(Map.of("admin", NewPartitions.increaseTo(5))).all().get();
            same(admin.describeTopics(List.of("admin")).allTopicNames().get().get("admin").partitions().size(), 5, "partitions");
            refused(InvalidPartitionsException.class,
                () -> admin.createPartitions(Map.of("admin", NewPartitions.increaseTo(3))).all().get());
            admin.deleteTopics(List.of("admin")).all().get();
            same(admin.listTopics().names().get().contains("admin"), false, "whether the topic is there");
            refused(UnknownTopicOrPartitionException.class, () -> admin.deleteTopics(List.of("admin")).all().get());
        }
    }

    static String value(Admin admin, ConfigResource of, String name) throws Exception {
        return admin.describeConfigs(List.of(of)).all().get().get(of).get(name).value();
    }

    static void configs() throws Exception {
        create("configs", 1, Map.of("cleanup.policy", "compact"));
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "configs");
        try (Admin admin = admin()) {
            same(value(admin, topic, "cleanup.policy"), "compact", "a setting of the creation");
            admin.incrementalAlterConfigs(Map.of(topic, List.of(
                new AlterConfigOp(new ConfigEntry("cleanup.policy", "delete"), AlterConfigOp.OpType.APPEND),
                new AlterConfigOp(new ConfigEntry("retention.ms", "3600000"), AlterConfigOp.OpType.SET)))).all().get();
            same(new TreeSet<>(List.of(value(admin, topic, "cleanup.policy").split(","))), new TreeSet<>(List.of("compact", "delete")), "a list");
            same(value(admin, topic, "retention.ms"), "3600000", "a number");
            admin.incrementalAlterConfigs(Map.of(topic, List.of(
                new AlterConfigOp(new ConfigEntry("cleanup.policy", "compact"), AlterConfigOp.OpType.SUBTRACT),
                new AlterConfigOp(new ConfigEntry("retention.ms", ""), AlterConfigOp.OpType.DELETE)))).all().get();
            same(value(admin, topic, "retention.ms") + value(admin, topic, "cleanup.policy"), "604800000delete", "back again");
        }
    }

    static void deleteRecords() throws Exception {
        create("deleted", 1, Map.of());
        TopicPartition place = new TopicPartition("deleted", 0);
        try (var producer = producer(); Admin admin = admin()) {
            send(producer, "deleted", numbers(0, 50));
            same(admin.deleteRecords(Map.of(place, RecordsToDelete.beforeOffset(20))).lowWatermarks().get(place).get().lowWatermark(), 20L,
                "the first offset");
            same(read("deleted", 1, 0, 20_000).get(0).offset(), 20L, "the first record");
            refused(org.apache.kafka.common.errors.OffsetOutOfRangeException.class,
                () -> admin.deleteRecords(Map.of(place, RecordsToDelete.beforeOffset(99))).all().get());
        }
    }

    static void groups() throws Exception {
        create("groups", 1, Map.of());
        TopicPartition place = new TopicPartition("groups", 0);
        try (Admin admin = admin()) {
            try (var producer = producer(); var reader = consumer("group.id", "watched")) {
                send(producer, "groups", numbers(0, 10));
                reader.subscribe(List.of("groups"));
                while (reader.poll(Duration.ofMillis(100)).isEmpty()) { }
                reader.commitSync();
                same(admin.listGroups().all().get().stream().anyMatch(group -> group.groupId().equals("watched")), true, "whether it is listed");
                var found = admin.describeConsumerGroups(List.of("watched")).all().get().get("watched");
                same(found.groupState() + " " + found.members().size(), "Stable 1", "the group");
                refused(GroupNotEmptyException.class, () -> admin.deleteConsumerGroups(List.of("watched")).all().get());
            }
            same(admin.listConsumerGroupOffsets("watched").partitionsToOffsetAndMetadata().get().get(place).offset(), 10L, "the offset");
            admin.alterConsumerGroupOffsets("watched", Map.of(place, new OffsetAndMetadata(7, "here"))).all().get();
            same(admin.listConsumerGroupOffsets("watched").partitionsToOffsetAndMetadata().get().get(place),
                new OffsetAndMetadata(7, "here"), "the offset that was set");
            admin.deleteConsumerGroupOffsets("watched", Set.of(place)).all().get();
            same(admin.listConsumerGroupOffsets("watched").partitionsToOffsetAndMetadata().get().get(place), null, "the offset");
            admin.deleteConsumerGroups(List.of("watched")).all().get();
            same(admin.listGroups().all().get().stream().anyMatch(group -> group.groupId().equals("watched")), false, "whether it is listed");
        }
    }

    static void cluster() throws Exception {
        create("cluster", 1, Map.of());
        TopicPartition place = new TopicPartition("cluster", 0);
        try (Admin admin = admin(); var producer = producer("transactional.id", "watched")) {
            same(admin.describeCluster().nodes().get().stream().map(Node::id).toList(), List.of(1), "brokers");
            producer.initTransactions();
            producer.beginTransaction();
            send(producer, "cluster", List.of("x"));
            var found = admin.describeTransactions(List.of("watched")).all().get().get("watched");
            same(found.state() + " " + found.topicPartitions(), "Ongoing [cluster-0]", "the transaction");
            same(admin.listTransactions().all().get().stream().anyMatch(one -> one.transactionalId().equals("watched")), true, "whether it is listed");
            same(admin.describeProducers(List.of(place)).all().get().get(place).activeProducers().get(0).producerId(), found.producerId(), "the producer");
            producer.commitTransaction();
            same(admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1).values().stream()
                .anyMatch(folder -> folder.replicaInfos().containsKey(place)), true, "whether the partition has a size");
            same(admin.describeFeatures().featureMetadata().get().finalizedFeatures().get("transaction.version").maxVersionLevel(), (short) 2,
                "transaction.version");
        }
    }

    static void errors() throws Exception {
        refused(InvalidTopicException.class, () -> create("not/a name", 1, Map.of()));
        try (Admin admin = admin(); var producer = producer("max.block.ms", 3000)) {
            refused(UnknownTopicOrPartitionException.class, () -> admin.describeTopics(List.of("missing")).allTopicNames().get());
            refused(InvalidTopicException.class, () -> producer.send(new ProducerRecord<>("not/a name", bytes("x"))).get());
            create("compacted", 1, Map.of("cleanup.policy", "compact"));
            refused(InvalidRecordException.class, () -> producer.send(new ProducerRecord<>("compacted", bytes("no key"))).get());
        }
    }
}
