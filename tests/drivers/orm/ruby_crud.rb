# Rails' driver, ruby-pg: what ActiveRecord does on a connection, with its prepared statements by name.
require 'pg'

CONNECTIONS = Integer(ENV.fetch('APP_CONNECTIONS'))
ROUNDS = 20
puts "version: ruby-pg #{PG::VERSION} with Ruby #{RUBY_VERSION}"

def same(actual, expected)
  raise "got #{actual.inspect}, expected #{expected.inspect}" unless actual == expected
end

# The same as ActiveRecord's PostgreSQLAdapter#configure_connection.
def connect
  connection = PG.connect(ENV.fetch('DATABASE_URL'))
  connection.exec('SET client_min_messages TO warning')
  connection.exec('SET standard_conforming_strings = on')
  connection.exec('SET intervalstyle = iso_8601')
  connection.exec("SET SESSION timezone TO 'UTC'")
  connection
end

# The same as exec_cache: prepared at the first use, by a name that counts.
class Statements
  def initialize(connection)
    @connection = connection
    @names = {}
  end

  def run(sql, *values)
    name = @names[sql]
    unless name
      name = @names[sql] = "a#{@names.size + 1}"
      @connection.prepare(name, sql)
    end
    @connection.exec_prepared(name, values)
  end
end

def work(connection, statements, number, turn)
  connection.exec('BEGIN')
  key = statements.run('INSERT INTO items (name, amount) VALUES ($1, $2) RETURNING id', "item #{number}", turn)[0]['id']
  connection.exec('COMMIT')
  same(statements.run('SELECT * FROM items WHERE id = $1 LIMIT $2', key, 1)[0]['amount'], turn.to_s)
  connection.transaction do
    connection.exec('SAVEPOINT active_record_1')
    begin
      statements.run('INSERT INTO items (id, name) VALUES ($1, $2)', key, 'again')
      raise 'a second row with the same key'
    rescue PG::UniqueViolation
      connection.exec('ROLLBACK TO SAVEPOINT active_record_1')
    end
    statements.run('UPDATE items SET amount = amount + 1 WHERE id = $1', key)
  end
  same(statements.run('SELECT * FROM items WHERE id = $1 LIMIT $2', key, 1)[0]['amount'], (turn + 1).to_s)
  same(connection.exec('SHOW intervalstyle')[0]['IntervalStyle'], 'iso_8601')
  same(statements.run('DELETE FROM items WHERE id = $1', key).cmd_tuples, 1)
end

connected = Queue.new
go = Queue.new
threads = CONNECTIONS.times.map do |number|
  Thread.new do
    connection = connect
    statements = Statements.new(connection)
    connected << number
    go.pop
    ROUNDS.times { |turn| work(connection, statements, number, turn) }
    connection
  end
end
threads.each { |thread| thread.abort_on_exception = true }
CONNECTIONS.times { connected.pop }
CONNECTIONS.times { go << true }
threads.map(&:value).each(&:close)
puts "#{CONNECTIONS * ROUNDS} rounds ok"
