import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.Executors;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;

/** The usual features of the PostgreSQL JDBC driver. */
public final class Features {
    private static final boolean SHARING = "transaction".equals(System.getenv("PGS_MODE"));
    private static int checks;

    private static void same(Object actual, Object expected) {
        if (!Objects.equals(actual, expected)) throw new AssertionError("got " + actual + ", expected " + expected);
        checks++;
    }

    private static Connection connect(String... more) throws SQLException {
        URI uri = URI.create(System.getenv("DATABASE_URL"));
        Properties p = new Properties();
        p.setProperty("user", uri.getUserInfo());
        p.setProperty("sslmode", "disable");
        p.setProperty("ApplicationName", "jdbc");
        // Named statements appear after five uses; shared connections do not have them yet.
        p.setProperty("prepareThreshold", SHARING ? "0" : "2");
        for (int i = 0; i < more.length; i += 2) p.setProperty(more[i], more[i + 1]);
        return DriverManager.getConnection("jdbc:postgresql://" + uri.getHost() + ":" + uri.getPort() + uri.getPath(), p);
    }

    private static Object one(Connection c, String sql, Object... parameters) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) s.setObject(i + 1, parameters[i]);
            try (ResultSet r = s.executeQuery()) {
                r.next();
                return r.getObject(1);
            }
        }
    }

    private static void run(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute(sql);
        }
    }

    private static void basics(Connection c) throws SQLException {
        same(one(c, "select 1"), 1);
        same(one(c, "select ?::int + ?::int", 40, 2), 42);
        same(one(c, "select ?::text", new Object[] {null}), null);
        same(one(c, "show application_name"), "jdbc");
        OffsetDateTime when = OffsetDateTime.parse("2024-02-29T12:34:56.789Z");
        try (PreparedStatement s = c.prepareStatement("select ?::jsonb::text, ?::int[], ?::bytea, ?::timestamptz")) {
            s.setString(1, "{\"a\": 1}");
            s.setArray(2, c.createArrayOf("int4", new Integer[] {1, 2}));
            s.setBytes(3, new byte[] {0, -1});
            s.setObject(4, when);
            ResultSet r = s.executeQuery();
            r.next();
            same(r.getString(1), "{\"a\": 1}");
            Array a = r.getArray(2);
            same(((Integer[]) a.getArray()).length, 2);
            same(r.getBytes(3)[1], (byte) -1);
            same(r.getObject(4, OffsetDateTime.class).toInstant(), when.toInstant());
        }
        try (Statement s = c.createStatement()) {
            same(s.execute("select 1; select 2, 3"), true);
            same(s.getMoreResults(), true);
            same(s.getResultSet().getMetaData().getColumnCount(), 2);
        }
        for (int i = 0; i < 10; i++) same(one(c, "select ?::int * 2", i), 2 * i);
        same(c.getMetaData().getDatabaseProductName(), "PostgreSQL");
    }

    private static void transactions(Connection c) throws SQLException {
        run(c, "drop table if exists jdbc_items; create table jdbc_items (id int primary key, name text not null)");
        c.setAutoCommit(false);
        run(c, "insert into jdbc_items values (1, 'a')");
        Savepoint point = c.setSavepoint("s");
        try {
            run(c, "insert into jdbc_items values (1, 'again')");
            same("inserted", "an error");
        } catch (PSQLException e) {
            same(e.getSQLState(), "23505");
            same(e.getServerErrorMessage().getConstraint(), "jdbc_items_pkey");
            same(e.getServerErrorMessage().getTable(), "jdbc_items");
        }
        c.rollback(point);
        c.commit();
        run(c, "delete from jdbc_items");
        c.rollback();
        same(one(c, "select count(*) from jdbc_items"), 1L);
        c.commit();
        c.setAutoCommit(true);
    }

    private static void batches(Connection c) throws SQLException {
        c.setAutoCommit(false);
        try (PreparedStatement s = c.prepareStatement("insert into jdbc_items values (?, ?)")) {
            for (int i = 10; i < 1010; i++) {
                s.setInt(1, i);
                s.setString(2, "n" + i);
                s.addBatch();
            }
            same(s.executeBatch().length, 1000);
        }
        c.commit();
        try (PreparedStatement s = c.prepareStatement("insert into jdbc_items values (?, ?) returning id",
                Statement.RETURN_GENERATED_KEYS)) {
            s.setInt(1, 5000);
            s.setString(2, "key");
            s.executeUpdate();
            ResultSet keys = s.getGeneratedKeys();
            keys.next();
            same(keys.getInt(1), 5000);
        }
        c.commit();
        c.setAutoCommit(true);
    }

    private static void copies(Connection c) throws Exception {
        var copy = c.unwrap(PGConnection.class).getCopyAPI();
        var rows = new StringBuilder();
        for (int i = 20000; i < 30000; i++) rows.append(i).append("\tcopied\n");
        byte[] bytes = rows.toString().getBytes(StandardCharsets.UTF_8);
        same(copy.copyIn("copy jdbc_items from stdin", new ByteArrayInputStream(bytes)), 10000L);
        var out = new ByteArrayOutputStream();
        same(copy.copyOut("copy (select * from jdbc_items where id >= 20000 order by id) to stdout", out), 10000L);
        same(out.size(), bytes.length);
        try {
            copy.copyIn("copy jdbc_items from stdin", new ByteArrayInputStream("x\ty\n".getBytes(StandardCharsets.UTF_8)));
            same("copied", "an error");
        } catch (PSQLException e) {
            same(e.getSQLState(), "22P02");
        }
    }

    private static void cursors(Connection c) throws SQLException {
        c.setAutoCommit(false);
        long sum = 0;
        try (Statement s = c.createStatement()) {
            s.setFetchSize(500);
            ResultSet r = s.executeQuery("select generate_series(1, 20000)");
            while (r.next()) sum += r.getInt(1);
        }
        same(sum, 200010000L);
        c.commit();
        c.setAutoCommit(true);
    }

    /** A cancel that overtakes the statement would strike nothing. */
    private static Object cancelOnceItRuns(Statement s) throws SQLException {
        try (Connection observer = connect()) {
            String running = "select count(*) from pg_stat_activity where state = 'active' and query like '%''jdbc_c' || 'ancel%'";
            while (one(observer, running).equals(0L)) Thread.onSpinWait();
        }
        s.cancel();
        return null;
    }

    private static void cancelling(Connection c) throws Exception {
        var canceller = Executors.newSingleThreadExecutor();
        try (Statement s = c.createStatement()) {
            canceller.submit(() -> cancelOnceItRuns(s));
            s.execute("select pg_sleep(30), 'jdbc_cancel'");
            same("finished", "cancelled");
        } catch (SQLException e) {
            same(e.getSQLState(), "57014");
        }
        try (Statement s = c.createStatement()) {
            s.setQueryTimeout(1);
            s.execute("select pg_sleep(30)");
            same("finished", "timed out");
        } catch (SQLException e) {
            same(e.getSQLState(), "57014");
        }
        canceller.shutdownNow();
        try (Connection hurried = connect("options", "-c statement_timeout=100")) {
            run(hurried, "select pg_sleep(5)");
            same("finished", "timed out");
        } catch (SQLException e) {
            same(e.getSQLState(), "57014");
        }
        same(one(c, "select 5"), 5);
    }

    private static void notifications() throws SQLException {
        if (SHARING) {
            System.out.println("not in transaction mode: LISTEN, named prepared statements");
            return;
        }
        try (Connection listener = connect(); Connection c = connect()) {
            run(listener, "listen jdbc_news");
            run(c, "notify jdbc_news, 'hello'");
            var heard = listener.unwrap(PGConnection.class).getNotifications(5000);
            same(heard.length, 1);
            same(heard[0].getParameter(), "hello");
        }
    }

    private static void reconnecting() throws SQLException {
        Connection c = connect();
        try {
            run(c, "select pg_terminate_backend(pg_backend_pid())");
            same("went on", "an error");
        } catch (SQLException e) {
            same(e.getSQLState().startsWith("57P") || e.getSQLState().startsWith("08"), true);
        }
        // Behind the sidecar the session outlives its server connection, unless the driver gives it up.
        if (System.getenv("PGS_MODE").equals("direct")) same(c.isValid(2), false);
        try (Connection again = connect()) {
            same(again.isValid(2), true);
            same(one(again, "select 'again'"), "again");
        }
    }

    public static void main(String[] arguments) throws Exception {
        try (Connection c = connect()) {
            basics(c);
            transactions(c);
            batches(c);
            copies(c);
            cursors(c);
            cancelling(c);
        }
        notifications();
        reconnecting();
        System.out.println(checks + " checks ok");
    }
}
