import java.net.URI;
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

/** The PostgreSQL JDBC driver against mode mock: everything succeeds, nothing is stored. */
public final class Mock {
    private static int checks;

    private static void same(Object actual, Object expected) {
        if (!Objects.equals(actual, expected)) throw new AssertionError("got " + actual + ", expected " + expected);
        checks++;
    }

    private static Connection connect() throws SQLException {
        URI uri = URI.create(System.getenv("DATABASE_URL"));
        Properties p = new Properties();
        p.setProperty("user", uri.getUserInfo());
        p.setProperty("sslmode", "disable");
        p.setProperty("ApplicationName", "jdbc");
        p.setProperty("prepareThreshold", "2");
        return DriverManager.getConnection("jdbc:postgresql://" + uri.getHost() + ":" + uri.getPort() + uri.getPath(), p);
    }

    private static void statements(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute("create table jdbc_items (id int primary key, name text, at timestamptz)");
            same(s.executeUpdate("insert into jdbc_items (id, name) values (1, 'a'), (2, 'b')"), 2);
            same(s.executeUpdate("update jdbc_items set name = 'x'"), 0);
            try (ResultSet r = s.executeQuery("select * from jdbc_items")) {
                same(r.getMetaData().getColumnName(2), "name");
                same(r.next(), false);
            }
        }
        // Often enough for a named statement with binary results.
        try (PreparedStatement p = c.prepareStatement("select ?::int + 1, ?::text, ?::timestamptz, true, 1.5::float8")) {
            OffsetDateTime at = OffsetDateTime.parse("2024-02-29T12:00:00Z");
            for (int i = 0; i < 6; i++) {
                p.setInt(1, i);
                p.setString(2, "x");
                p.setObject(3, at);
                try (ResultSet r = p.executeQuery()) {
                    same(r.next(), true);
                    same(r.getInt(1), i + 1);
                    same(r.getString(2), "x");
                    same(r.getObject(3, OffsetDateTime.class).toInstant(), at.toInstant());
                    same(r.getBoolean(4), true);
                    same(r.getDouble(5), 1.5);
                }
            }
        }
    }

    private static void keys(Connection c) throws SQLException {
        String sql = "insert into jdbc_items (id, name) values (?, ?)";
        try (PreparedStatement p = c.prepareStatement(sql, Statement.RETURN_GENERATED_KEYS)) {
            p.setInt(1, 5);
            p.setString(2, "five");
            same(p.executeUpdate(), 1);
            try (ResultSet r = p.getGeneratedKeys()) {
                same(r.next(), true);
                same(r.getInt("id"), 5);
            }
        }
        try (PreparedStatement p = c.prepareStatement(sql)) {
            for (int i = 0; i < 20; i++) {
                p.setInt(1, i);
                p.setString(2, "n" + i);
                p.addBatch();
            }
            same(p.executeBatch().length, 20);
        }
    }

    private static void transactions(Connection c) throws SQLException {
        c.setAutoCommit(false);
        c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        same(c.getTransactionIsolation(), Connection.TRANSACTION_SERIALIZABLE);
        try (Statement s = c.createStatement()) {
            s.executeUpdate("delete from jdbc_items");
            Savepoint point = c.setSavepoint();
            try {
                s.execute("selec");
                throw new AssertionError("a syntax error was expected");
            } catch (SQLException e) {
                same(e.getSQLState(), "42601");
            }
            c.rollback(point);
            s.setFetchSize(2);
            int rows = 0;
            try (ResultSet r = s.executeQuery("values (1), (2), (3), (4), (5)")) {
                while (r.next()) rows++;
            }
            same(rows, 5);
        }
        c.commit();
        c.setAutoCommit(true);
    }

    private static void metadata(Connection c) throws SQLException {
        same(c.getMetaData().getDatabaseMajorVersion(), 15);
        try (ResultSet r = c.getMetaData().getTables(null, null, "%", new String[] {"TABLE"})) {
            same(r.next(), false);
        }
        same(c.isValid(5), true);
    }

    public static void main(String[] arguments) throws Exception {
        try (Connection c = connect()) {
            statements(c);
            keys(c);
            transactions(c);
            metadata(c);
        }
        System.out.println(checks + " checks ok");
    }
}
