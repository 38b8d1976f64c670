import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes down the keys that the jars on the class path know: ListKeys JARS OUTPUT, the folder of jars and a JSON file.
 *
 * <p>Spark registers a key when the class that declares it is initialised, so every class that names Spark's
 * ConfigBuilder is. A key does not say its type; its own converter is asked what it makes of some texts. All by
 * reflection: Spark's classes are private to Scala, and differ between versions.
 */
public class ListKeys {
    private static final String BUILDER = "org/apache/spark/internal/config/ConfigBuilder";
    private static final Pattern NAME = Pattern.compile("spark\\.[A-Za-z0-9_.-]{2,150}");
    /** How a refusal names the options: "... should be one of A, B, but was C", "... one of 'A, B'.". */
    private static final Pattern OPTIONS =
            Pattern.compile("one of:? *'?([^']+?)'?(?:, but was.*|\\. .*|\\.)?$", Pattern.DOTALL);
    /** Texts that converters which check a range take at least one of. */
    private static final String[] PROBES = {
        "1", "0", "2", "10", "100", "1000", "-1", "0.5", "1g", "64m", "1h", "10s", "x"
    };
    /** In bytes; a time would take "1m", too. */
    private static final Object[][] SIZES = {
        {"1t", 1L << 40}, {"1g", 1L << 30}, {"64mb", 64L << 20}, {"1mb", 1L << 20}, {"1kb", 1L << 10}
    };
    /** In milliseconds. */
    private static final Object[][] TIMES = {
        {"30d", 2_592_000_000L}, {"1d", 86_400_000L}, {"1h", 3_600_000L}, {"60s", 60_000L}, {"1s", 1_000L}
    };
    /** Member of an entry -> what it is called in the document. */
    private static final String[][] MEMBERS = {
        {"defaultValueString", "default"}, {"doc", "documentation"}, {"version", "since"}, {"isPublic", "public"}
    };
    private static final String SPARK = "org.apache.spark.SparkConf$";
    private static final String SQL = "org.apache.spark.sql.internal.SQLConf$";

    private final TreeSet<String> seen = new TreeSet<>();
    private final List<Object> failed = new ArrayList<>();

    public static void main(String[] arguments) throws Exception {
        System.setOut(System.err);
        Map<String, Object> document = new ListKeys().list(Path.of(arguments[0]));
        Files.writeString(Path.of(arguments[1]), json(document), StandardCharsets.UTF_8);
    }

    private Map<String, Object> list(Path jars) throws Exception {
        for (String holder : holders(jars)) {
            attempt(holder, () -> Class.forName(holder));
        }
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("entries", entries());
        List<Object> deprecated = new ArrayList<>();
        attempt("deprecated keys", () -> deprecated.addAll(told(SPARK, "deprecatedConfigs", "deprecationMessage")));
        attempt("old names", () -> deprecated.addAll(oldNames()));
        attempt("deprecated keys of SQL", () -> deprecated.addAll(told(SQL, "deprecatedSQLConfigs", "comment")));
        attempt("removed keys of SQL", () -> deprecated.addAll(told(SQL, "removedSQLConfigs", "comment")));
        document.put("deprecated", deprecated);
        document.put("seen", seen);
        document.put("hadoop_deprecated", hadoopDeprecated());
        document.put("failed", failed);
        return document;
    }

    // --- which classes declare keys, and which texts look like one ---

    private List<String> holders(Path jars) throws IOException {
        List<String> found = new ArrayList<>();
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(jars, "spark-*.jar")) {
            for (Path path : paths) {
                try (JarFile jar = new JarFile(path.toFile())) {
                    for (Enumeration<JarEntry> all = jar.entries(); all.hasMoreElements();) {
                        JarEntry entry = all.nextElement();
                        String name = entry.getName();
                        boolean builds = name.endsWith(".class") && read(jar.getInputStream(entry).readAllBytes());
                        if (builds && name.endsWith("$.class")) {
                            found.add(name.replace(".class", "").replace('/', '.'));
                        }
                    }
                }
            }
        }
        return found;
    }

    /** Keep the texts of a class that look like keys; answers whether it uses the builder of keys. */
    private boolean read(byte[] bytes) throws IOException {
        boolean builds = false;
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        in.skipBytes(8);
        int count = in.readUnsignedShort();
        for (int index = 1; index < count; index++) {
            int tag = in.readUnsignedByte();
            if (tag == 1) {
                String text = in.readUTF();
                builds |= text.equals(BUILDER);
                if (NAME.matcher(text).matches()) {
                    seen.add(text);
                }
            } else {
                boolean isLong = tag == 5 || tag == 6;
                in.skipBytes(isLong ? 8 : tag == 15 ? 3 : tag == 7 || tag == 8 || tag == 16 || tag >= 19 ? 2 : 4);
                index += isLong ? 1 : 0;
            }
        }
        return builds;
    }

    // --- Spark's registry ---

    private List<Object> entries() throws Exception {
        Class<?> type = Class.forName("org.apache.spark.internal.config.ConfigEntry");
        TreeMap<String, Object> found = new TreeMap<>();
        Map<?, ?> registry = (Map<?, ?>) valueOf("org.apache.spark.internal.config.ConfigEntry$", "knownConfigs");
        for (Object entry : registry.values()) {
            Map<String, Object> said = new LinkedHashMap<>();
            String key = (String) type.getMethod("key").invoke(entry);
            for (String[] member : MEMBERS) {
                said.put(member[1], type.getMethod(member[0]).invoke(entry));
            }
            said.put("name", key);
            said.put("old_names", all(type.getMethod("alternatives").invoke(entry)));
            Object converter = type.getMethod("valueConverter").invoke(entry);
            attempt(key, () -> said.putAll(typed(converter, (String) said.get("default"))));
            found.put(key, said);
        }
        return new ArrayList<>(found.values());
    }

    private static Map<String, Object> typed(Object converter, String standard) throws Exception {
        Map<String, Object> said = new LinkedHashMap<>();
        String kind = kind(converter, standard);
        said.put("type", kind);
        if (kind.equals("integer")) {
            said.putAll(united(converter));
        } else if (kind.equals("text")) {
            said.putAll(chosen(converter));
        }
        return said;
    }

    private static String kind(Object converter, String standard) throws Exception {
        Object made = convert(converter, "true");
        if (made instanceof Boolean) {
            return "boolean";
        }
        made = convert(converter, standard);
        for (int index = 0; made == null && index < PROBES.length; index++) {
            made = convert(converter, PROBES[index]);
        }
        if (made instanceof Integer || made instanceof Long) {
            return "integer";
        }
        if (made instanceof Double || made instanceof Float) {
            return "number";
        }
        return made != null && Class.forName("scala.collection.Iterable").isInstance(made) ? "list" : "text";
    }

    /** A number may be a size or a time: what the converter makes of "1g" tells the unit of a bare number. */
    private static Map<String, Object> united(Object converter) throws Exception {
        String bytes = unit(converter, SIZES);
        if (bytes != null) {
            return Map.of("type", "size", "unit", bytes);
        }
        String milliseconds = unit(converter, TIMES);
        return milliseconds == null ? Map.of() : Map.of("type", "time", "unit", milliseconds);
    }

    private static String unit(Object converter, Object[][] probes) throws Exception {
        for (Object[] probe : probes) {
            Object made = convert(converter, (String) probe[0]);
            if (made != null && ((Number) made).longValue() > 0) {
                return String.valueOf((long) probe[1] / (double) ((Number) made).longValue());
            }
        }
        return null;
    }

    /** A text may be one of some: the refusal of another names them. */
    private static Map<String, Object> chosen(Object converter) throws Exception {
        Matcher named = OPTIONS.matcher(refusal(converter, "no.such.value"));
        if (!named.find()) {
            return Map.of();
        }
        List<String> options = new ArrayList<>();
        boolean anyCase = true;
        for (String option : named.group(1).split(",")) {
            String text = option.strip().replaceAll("^[\"'\\[(]|[\"'\\])]$", "");
            options.add(text);
            anyCase &= convert(converter, text.toLowerCase(Locale.ROOT)) != null;
            anyCase &= convert(converter, text.toUpperCase(Locale.ROOT)) != null;
        }
        if (new TreeSet<>(options).size() < options.size()) {
            return Map.of(); // combinations, which hold commas themselves
        }
        return Map.of("type", "choice", "options", options, "any_case", anyCase);
    }

    private static Object convert(Object converter, String text) throws Exception {
        try {
            Object made = Class.forName("scala.Function1").getMethod("apply", Object.class).invoke(converter, text);
            Class<?> option = Class.forName("scala.Some"); // what has no default converts to an Option
            return option.isInstance(made) ? option.getMethod("get").invoke(made) : made;
        } catch (InvocationTargetException refused) {
            return null;
        }
    }

    private static String refusal(Object converter, String text) throws Exception {
        try {
            Class.forName("scala.Function1").getMethod("apply", Object.class).invoke(converter, text);
            return "";
        } catch (InvocationTargetException refused) {
            return String.valueOf(refused.getCause().getMessage());
        }
    }

    // --- what is deprecated ---

    private static List<Object> told(String holder, String field, String message) throws Exception {
        List<Object> found = new ArrayList<>();
        for (Map.Entry<Object, Object> pair : pairs(valueOf(holder, field)).entrySet()) {
            Map<String, Object> said = new LinkedHashMap<>();
            said.put("name", pair.getKey());
            said.put("since", get(pair.getValue(), "version"));
            said.put("message", get(pair.getValue(), message));
            said.put("removed", field.startsWith("removed"));
            found.add(said);
        }
        return found;
    }

    private static List<Object> oldNames() throws Exception {
        List<Object> found = new ArrayList<>();
        for (Map.Entry<Object, Object> pair : pairs(valueOf(SPARK, "configsWithAlternatives")).entrySet()) {
            for (Object old : all(pair.getValue())) {
                Map<String, Object> said = new LinkedHashMap<>();
                said.put("name", get(old, "key"));
                said.put("since", get(old, "version"));
                said.put("use", pair.getKey());
                found.add(said);
            }
        }
        return found;
    }

    private Map<String, TreeSet<String>> hadoopDeprecated() {
        for (String name : new String[] {"hdfs.HdfsConfiguration", "mapred.JobConf", "yarn.conf.YarnConfiguration"}) {
            attempt(name, () -> Class.forName("org.apache.hadoop." + name).getConstructor().newInstance());
        }
        TreeMap<String, TreeSet<String>> found = new TreeMap<>();
        attempt("deprecated keys of Hadoop", () -> {
            ByteArrayOutputStream told = new ByteArrayOutputStream();
            System.setOut(new PrintStream(told, true, StandardCharsets.UTF_8));
            Class.forName("org.apache.hadoop.conf.Configuration").getMethod("dumpDeprecatedKeys").invoke(null);
            System.setOut(System.err);
            for (String line : told.toString(StandardCharsets.UTF_8).split("\n")) {
                String[] words = line.split("\t");
                if (words.length > 1) {
                    found.computeIfAbsent(words[0], name -> new TreeSet<>()).add(words[1]);
                }
            }
        });
        return found;
    }

    // --- Scala's objects ---

    private static Object valueOf(String holder, String name) throws Exception {
        Class<?> type = Class.forName(holder);
        for (Field field : type.getDeclaredFields()) {
            if (field.getName().endsWith(name)) {
                field.setAccessible(true);
                Object value = field.get(type.getField("MODULE$").get(null));
                if (value != null) {
                    return value;
                }
            }
        }
        return get(type.getField("MODULE$").get(null), name);
    }

    private static Object get(Object from, String name) throws Exception {
        Method method = from.getClass().getDeclaredMethod(name);
        method.setAccessible(true);
        return method.invoke(from);
    }

    private static List<Object> all(Object collection) throws Exception {
        List<Object> found = new ArrayList<>();
        Class<?> type = Class.forName("scala.collection.Iterator");
        Method more = type.getMethod("hasNext");
        Method next = type.getMethod("next");
        Object iterator = Class.forName("scala.collection.Iterable").getMethod("iterator").invoke(collection);
        while ((boolean) more.invoke(iterator)) {
            found.add(next.invoke(iterator));
        }
        return found;
    }

    private static Map<Object, Object> pairs(Object map) throws Exception {
        Map<Object, Object> found = new TreeMap<>();
        Class<?> pair = Class.forName("scala.Tuple2");
        for (Object one : all(map)) {
            found.put(pair.getMethod("_1").invoke(one), pair.getMethod("_2").invoke(one));
        }
        return found;
    }

    // --- what one distribution lacks keeps nothing of the rest away ---

    private interface Step {
        void run() throws Exception;
    }

    private void attempt(String what, Step step) {
        try {
            step.run();
        } catch (Exception | LinkageError error) {
            Throwable cause = error instanceof InvocationTargetException ? error.getCause() : error;
            failed.add(what + ": " + cause);
        }
    }

    private static String json(Object value) {
        StringBuilder text = new StringBuilder();
        if (value instanceof Map) {
            ((Map<?, ?>) value).forEach((key, inner) -> text.append(',').append(json(key)).append(':').append(json(inner)));
            return "{" + text.substring(Math.min(1, text.length())) + "}";
        }
        if (value instanceof Collection) {
            ((Collection<?>) value).forEach(inner -> text.append(',').append(json(inner)));
            return "[" + text.substring(Math.min(1, text.length())) + "]";
        }
        if (value == null || value instanceof Boolean) {
            return String.valueOf(value);
        }
        for (char letter : value.toString().toCharArray()) {
            boolean isPlain = letter >= ' ' && letter <= '~' && letter != '"' && letter != '\\';
            text.append(isPlain ? String.valueOf(letter) : String.format("\\u%04x", (int) letter));
        }
        return "\"" + text + "\"";
    }
}
