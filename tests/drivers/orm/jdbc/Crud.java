import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Many JDBC connections with server-side prepared statements. */
public final class Crud {
    private static final int CONNECTIONS = Integer.parseInt(System.getenv("APP_CONNECTIONS"));
    private static final int ROUNDS = 20;

    private static void same(Object actual, Object expected) {
        if (!expected.equals(actual)) throw new AssertionError("got " + actual + ", expected " + expected);
    }

    private static Connection connect() throws SQLException {
        Properties p = new Properties();
        p.setProperty("user", System.getenv("PGUSER"));
        p.setProperty("sslmode", "disable");
        p.setProperty("prepareThreshold", "1");
        return DriverManager.getConnection(
                "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE"), p);
    }

    private static int amount(PreparedStatement select, int id) throws SQLException {
        select.setInt(1, id);
        try (ResultSet rows = select.executeQuery()) {
            same(rows.next(), true);
            return rows.getInt(1);
        }
    }

    private static void work(Connection c, int number) throws SQLException {
        c.setAutoCommit(false);
        try (PreparedStatement insert = c.prepareStatement("insert into items (name, amount) values (?, ?) returning id");
                PreparedStatement again = c.prepareStatement("insert into items (id, name) values (?, 'again')");
                PreparedStatement select = c.prepareStatement("select amount from items where id = ?");
                PreparedStatement update = c.prepareStatement("update items set amount = amount + 1 where id = ?");
                PreparedStatement delete = c.prepareStatement("delete from items where id = ?")) {
            for (int turn = 0; turn < ROUNDS; turn++) {
                insert.setString(1, "item " + number);
                insert.setInt(2, turn);
                int id;
                try (ResultSet key = insert.executeQuery()) {
                    key.next();
                    id = key.getInt(1);
                }
                c.commit();
                same(amount(select, id), turn);
                Savepoint before = c.setSavepoint();
                again.setInt(1, id);
                try {
                    again.executeUpdate();
                    throw new AssertionError("a second row with the same key");
                } catch (SQLException e) {
                    same(e.getSQLState(), "23505");
                    c.rollback(before);
                }
                update.setInt(1, id);
                for (int i = 0; i < 3; i++) update.addBatch();
                same(update.executeBatch().length, 3);
                c.commit();
                same(amount(select, id), turn + 3);
                delete.setInt(1, id);
                same(delete.executeUpdate(), 1);
                c.commit();
            }
        }
    }

    public static void main(String[] args) throws Exception {
        List<Connection> crowd = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) crowd.add(connect());
        System.out.println("version: PostgreSQL JDBC " + crowd.get(0).getMetaData().getDriverVersion() + " with Java "
                + System.getProperty("java.version"));
        ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS);
        List<Callable<Void>> tasks = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            final int number = i;
            tasks.add(() -> {
                work(crowd.get(number), number);
                return null;
            });
        }
        for (Future<Void> done : threads.invokeAll(tasks)) done.get();
        threads.shutdown();
        for (Connection c : crowd) c.close();
        System.out.println(CONNECTIONS * ROUNDS + " rounds ok");
    }
}
